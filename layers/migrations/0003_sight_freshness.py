from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0002_reference")]
    operations: list[object] = []
