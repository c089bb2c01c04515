from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0008_assignments")]
    operations: list[object] = []
