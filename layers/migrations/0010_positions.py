from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0009_routing")]
    operations: list[object] = []
