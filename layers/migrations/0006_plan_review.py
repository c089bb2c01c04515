from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0005_siting")]
    operations: list[object] = []
