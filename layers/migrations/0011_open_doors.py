from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0010_positions")]
    operations: list[object] = []
