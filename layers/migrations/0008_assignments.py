from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("layers", "0007_incident_desk")]
    operations: list[object] = []
