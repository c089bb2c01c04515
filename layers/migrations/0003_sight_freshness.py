import django.contrib.gis.db.models.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("layers", "0002_reference")]

    operations = [
        migrations.CreateModel(
            name='SightChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('camera', 'one camera'), ('model', 'every camera of a model'), ('place', 'every camera within reach of a place'), ('all', 'every camera')], max_length=6)),
                ('reference', models.BigIntegerField(null=True)),
                ('place', django.contrib.gis.db.models.fields.GeometryField(null=True, spatial_index=False, srid=4326)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'change that views await',
                'verbose_name_plural': 'changes that views await',
                'db_table': 'layers_sightchange',
            },
        ),
        migrations.RemoveConstraint(
            model_name='camerasight',
            name='camerasight_level_once',
        ),
        migrations.AddField(
            model_name='camerasight',
            name='mode',
            field=models.CharField(choices=[('now', 'watched now'), ('reach', 'within reach of turning')], default='now', max_length=5, verbose_name='view'),
        ),
        migrations.AddConstraint(
            model_name='camerasight',
            constraint=models.UniqueConstraint(fields=('camera', 'mode', 'level'), name='camerasight_level_once'),
        ),
        migrations.AddIndex(
            model_name='sightchange',
            index=models.Index(fields=['cause', 'reference'], name='sightchange_cause'),
        ),
    ]
