from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0011_open_doors")]
    operations: list[object] = []
