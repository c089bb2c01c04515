import django.db.models.deletion
from django.conf import settings
import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('layers', '0010_positions'),
    ]

    operations = [
        migrations.CreateModel(
            name='HazardFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=500, unique=True, verbose_name='address')),
                ('polled_at', models.DateTimeField(blank=True, null=True, verbose_name='last asked')),
                ('ok_at', models.DateTimeField(blank=True, null=True, verbose_name='last answered')),
                ('error', models.CharField(blank=True, default='', max_length=300, verbose_name='error')),
            ],
            options={
                'verbose_name': 'hazard feed',
                'verbose_name_plural': 'hazard feeds',
                'db_table': 'layers_hazardfeed',
            },
        ),
        migrations.CreateModel(
            name='Hazard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender', models.CharField(max_length=160, verbose_name='issued by')),
                ('identifier', models.CharField(max_length=200, verbose_name='identifier')),
                ('kind', models.CharField(choices=[('earthquake', 'earthquake'), ('weather', 'weather'), ('other', 'other hazard')], max_length=12, verbose_name='kind')),
                ('message', models.CharField(choices=[('alert', 'warning'), ('update', 'updated warning'), ('cancel', 'cancellation')], max_length=8, verbose_name='message')),
                ('status', models.CharField(default='actual', max_length=12, verbose_name='status')),
                ('references', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='messages it replaces')),
                ('event', models.CharField(max_length=200, verbose_name='event')),
                ('event_en', models.CharField(blank=True, default='', max_length=200, verbose_name='event in English')),
                ('headline', models.CharField(blank=True, default='', max_length=300, verbose_name='headline')),
                ('headline_en', models.CharField(blank=True, default='', max_length=300, verbose_name='headline in English')),
                ('description', models.TextField(blank=True, default='', verbose_name='description')),
                ('description_en', models.TextField(blank=True, default='', verbose_name='description in English')),
                ('severity', models.CharField(choices=[('extreme', 'extreme'), ('severe', 'severe'), ('moderate', 'moderate'), ('minor', 'minor'), ('unknown', 'not known')], default='unknown', max_length=10, verbose_name='severity')),
                ('urgency', models.CharField(blank=True, default='', max_length=12, verbose_name='urgency')),
                ('certainty', models.CharField(blank=True, default='', max_length=12, verbose_name='certainty')),
                ('place_text', models.CharField(blank=True, default='', max_length=500, verbose_name='where')),
                ('magnitude', models.FloatField(blank=True, null=True, verbose_name='magnitude')),
                ('depth_km', models.FloatField(blank=True, null=True, verbose_name='depth (km)')),
                ('sent_at', models.DateTimeField(verbose_name='issued')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('expires_at', models.DateTimeField(verbose_name='until')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('ended_by', models.CharField(blank=True, default='', max_length=200, verbose_name='ended by')),
                ('touches_city', models.BooleanField(default=False, verbose_name='touches the city')),
                ('notes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='remarks on reading')),
                ('received_at', models.DateTimeField(auto_now_add=True, verbose_name='received')),
                ('geom', django.contrib.gis.db.models.fields.MultiPolygonField(blank=True, null=True, srid=4326, verbose_name='area')),
            ],
            options={
                'verbose_name': 'hazard',
                'verbose_name_plural': 'hazards',
                'db_table': 'layers_hazard',
                'ordering': ('-sent_at',),
                'indexes': [models.Index(fields=['ended_at', 'expires_at'], name='hazard_open')],
                'constraints': [models.UniqueConstraint(fields=('sender', 'identifier'), name='hazard_message_once'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('sent_at')), models.Q(('ended_at', None), _negated=True), _connector='OR'), name='hazard_open_expires_after_sent')],
            },
        ),
        migrations.CreateModel(
            name='CitizenReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(editable=False, max_length=48, unique=True)),
                ('channel', models.CharField(choices=[('page', 'report page'), ('open311', 'Open311')], max_length=8, verbose_name='channel')),
                ('state', models.CharField(choices=[('new', 'received'), ('accepted', 'accepted'), ('rejected', 'not taken up')], default='new', max_length=8, verbose_name='state')),
                ('description', models.TextField(blank=True, default='', verbose_name='description')),
                ('address', models.CharField(blank=True, default='', max_length=300, verbose_name='address')),
                ('area_name', models.CharField(blank=True, default='', max_length=160, verbose_name='area')),
                ('government', models.CharField(blank=True, default='', max_length=13, verbose_name='government')),
                ('reporter_name', models.CharField(blank=True, default='', max_length=160, verbose_name='caller')),
                ('reporter_number', models.CharField(blank=True, default='', max_length=40, verbose_name="caller's number")),
                ('reporter_email', models.CharField(blank=True, default='', max_length=160, verbose_name='e-mail')),
                ('photo', models.CharField(blank=True, default='', editable=False, max_length=60)),
                ('source_hash', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('reason', models.CharField(blank=True, default='', max_length=300, verbose_name='reason told to the reporter')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='received')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('geom', django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4326, verbose_name='place')),
                ('call', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='layers.call', verbose_name='call')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='layers.incidenttype', verbose_name='type')),
            ],
            options={
                'verbose_name': "citizen's report",
                'verbose_name_plural': "citizens' reports",
                'db_table': 'layers_citizenreport',
                'ordering': ('created_at', 'id'),
                'indexes': [models.Index(fields=['state', 'created_at'], name='citizenreport_queue'), models.Index(fields=['source_hash', 'created_at'], name='citizenreport_source')],
                'constraints': [models.CheckConstraint(condition=models.Q(('geom__isnull', False), models.Q(('address', ''), _negated=True), _connector='OR'), name='citizenreport_has_place'), models.CheckConstraint(condition=models.Q(models.Q(('call__isnull', True), ('decided_at__isnull', True), ('state', 'new')), models.Q(('call__isnull', False), ('decided_at__isnull', False), ('state', 'accepted')), models.Q(('call__isnull', True), ('decided_at__isnull', False), ('state', 'rejected'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='citizenreport_decided_whole')],
            },
        ),
    ]
