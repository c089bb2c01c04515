from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0006_sights")]
    operations: list[object] = []
