import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# One partition for each day, made ahead by a periodic task; what has no day yet lies in the default.
_TRACK = """
CREATE TABLE layers_unittrack (
    unit_id bigint NOT NULL,
    fix_at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    speed_kph double precision,
    heading_deg double precision,
    PRIMARY KEY (unit_id, fix_at)
) PARTITION BY RANGE (fix_at);
CREATE TABLE layers_unittrack_default PARTITION OF layers_unittrack DEFAULT;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('layers', '0009_routing'),
    ]

    operations = [
        migrations.AddField(
            model_name='unitposition',
            name='max_age_s',
            field=models.PositiveIntegerField(blank=True, help_text='A position older than this is stale. Empty: NCC_POSITION_MAX_AGE_S.', null=True, verbose_name='stale after (s)'),
        ),
        migrations.AddField(
            model_name='unitposition',
            name='online',
            field=models.BooleanField(db_default=False, default=False, verbose_name='online'),
        ),
        migrations.CreateModel(
            name='PositionDevice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('kind', models.CharField(choices=[('tracker', 'tracker in the vehicle'), ('phone', 'phone'), ('gateway', 'gateway of another system'), ('simulator', 'simulator')], default='tracker', max_length=10, verbose_name='kind of device')),
                ('key_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('key_hint', models.CharField(editable=False, max_length=8, verbose_name='key ends in')),
                ('max_age_s', models.PositiveIntegerField(blank=True, help_text='A position older than this is stale. Empty: NCC_POSITION_MAX_AGE_S.', null=True, verbose_name='stale after (s)')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('agency', models.ForeignKey(blank=True, help_text='Of a gateway: it moves the units of this agency.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='layers.agency', verbose_name='agency')),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='devices', to='layers.unit', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'position device',
                'verbose_name_plural': 'position devices',
                'db_table': 'layers_positiondevice',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='PositionFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('unreadable', 'unreadable'), ('out_of_range', 'no place on Earth'), ('null_island', 'zero longitude and latitude'), ('swapped_axes', 'longitude and latitude swapped'), ('future', 'dated in the future'), ('too_old', 'older than tracks are kept'), ('impossible_jump', 'impossible jump'), ('impossible_speed', 'impossible speed'), ('unknown_unit', 'no such unit')], max_length=20, verbose_name='reason')),
                ('hour', models.DateTimeField(verbose_name='hour')),
                ('count', models.PositiveIntegerField(default=1, verbose_name='number')),
                ('last_at', models.DateTimeField(verbose_name='last')),
                ('fix_at', models.DateTimeField(blank=True, null=True, verbose_name='fix time')),
                ('lon', models.FloatField(blank=True, null=True, verbose_name='longitude')),
                ('lat', models.FloatField(blank=True, null=True, verbose_name='latitude')),
                ('detail', models.CharField(blank=True, default='', max_length=200, verbose_name='detail')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='layers.positiondevice', verbose_name='device')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='layers.unit', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'quarantined position',
                'verbose_name_plural': 'quarantined positions',
                'db_table': 'layers_positionfault',
                'ordering': ('-last_at',),
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_TRACK, 'DROP TABLE IF EXISTS layers_unittrack')],
            state_operations=[
                migrations.CreateModel(
                    name='UnitTrack',
                    fields=[
                        ('pk', models.CompositePrimaryKey('unit_id', 'fix_at', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('fix_at', models.DateTimeField(verbose_name='fix time')),
                        ('lon', models.FloatField(verbose_name='longitude')),
                        ('lat', models.FloatField(verbose_name='latitude')),
                        ('speed_kph', models.FloatField(null=True, verbose_name='speed (km/h)')),
                        ('heading_deg', models.FloatField(null=True, verbose_name='heading (°)')),
                        ('unit', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='layers.unit')),
                    ],
                    options={
                        'verbose_name': 'track point',
                        'verbose_name_plural': 'tracks of units',
                        'db_table': 'layers_unittrack',
                    },
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name='positiondevice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'gateway'), ('unit__isnull', True), ('agency__isnull', False)), models.Q(models.Q(('kind', 'gateway'), _negated=True), ('unit__isnull', False)), _connector='OR'), name='positiondevice_has_unit_or_is_gateway'),
        ),
        migrations.AddConstraint(
            model_name='positiondevice',
            constraint=models.CheckConstraint(condition=models.Q(('max_age_s__isnull', True), ('max_age_s__gt', 0), _connector='OR'), name='positiondevice_age_positive'),
        ),
        migrations.AddConstraint(
            model_name='positionfault',
            constraint=models.UniqueConstraint(fields=('device', 'unit', 'reason', 'hour'), name='positionfault_once_an_hour', nulls_distinct=False),
        ),
    ]
