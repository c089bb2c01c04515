
import django.contrib.gis.db.models.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('layers', '0004_coverage_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlanStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('created', 'created'), ('state', 'new state'), ('endorsed', 'endorsed'), ('moved', 'moved'), ('refused', 'refused'), ('reopened', 'review reopened'), ('taken_out', 'taken out'), ('added', 'added'), ('comment', 'comment'), ('built', 'entered in the inventory'), ('confirmed', 'confirmed in service'), ('released', 'released to the public')], max_length=10, verbose_name='kind')),
                ('state_before', models.CharField(blank=True, default='', max_length=10, verbose_name='state before')),
                ('state_after', models.CharField(blank=True, default='', max_length=10, verbose_name='state after')),
                ('text', models.TextField(blank=True, default='', max_length=2000, verbose_name='reason')),
                ('details', models.JSONField(blank=True, default=dict, verbose_name='details')),
                ('author_name', models.CharField(max_length=160, verbose_name='author')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='at')),
                ('geom', django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4326, verbose_name='place')),
            ],
            options={
                'verbose_name': 'step of a plan',
                'verbose_name_plural': 'steps of plans',
                'db_table': 'layers_planstep',
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='SiteRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('police', 'police'), ('agency', 'agency'), ('ward', 'ward (kelurahan)'), ('council', 'council member'), ('musrenbang', 'Musrenbang')], max_length=12, verbose_name='comes from')),
                ('requester', models.CharField(max_length=160, verbose_name='who asks')),
                ('reason', models.TextField(max_length=2000, verbose_name='reason')),
                ('state', models.CharField(choices=[('new', 'new'), ('planned', 'in a plan'), ('approved', 'approved'), ('installed', 'installed'), ('declined', 'declined'), ('withdrawn', 'withdrawn')], default='new', max_length=10, verbose_name='state')),
                ('government', models.CharField(blank=True, default='', max_length=13, verbose_name='government')),
                ('street', models.CharField(blank=True, default='', max_length=200, verbose_name='street')),
                ('gain', models.FloatField(blank=True, null=True, verbose_name='what it would add (demand)')),
                ('gain_level', models.CharField(blank=True, default='', max_length=20, verbose_name='level')),
                ('gain_at', models.DateTimeField(blank=True, null=True, verbose_name='computed')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('geom', django.contrib.gis.db.models.fields.PointField(srid=4326, verbose_name='place')),
            ],
            options={
                'verbose_name': 'request for a camera',
                'verbose_name_plural': 'requests for cameras',
                'db_table': 'layers_siterequest',
                'ordering': ('-id',),
            },
        ),
        migrations.AddField(
            model_name='plan',
            name='government',
            field=models.CharField(blank=True, default='', help_text='Kemendagri code of the government whose plan it is, for instance 35.73', max_length=13, verbose_name='government'),
        ),
        migrations.AddField(
            model_name='plan',
            name='released_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='released to the public'),
        ),
        migrations.AddField(
            model_name='plan',
            name='sent_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='sent to the police at'),
        ),
        migrations.AddField(
            model_name='plan',
            name='version',
            field=models.PositiveIntegerField(default=1, verbose_name='version'),
        ),
        migrations.AddField(
            model_name='plancamera',
            name='built_camera',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plan_camera', to='layers.camera', verbose_name='camera in the inventory'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='built_site',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plan_site', to='layers.site', verbose_name='site in the inventory'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='confirmed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='confirmed in service'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='proposed_gain',
            field=models.FloatField(blank=True, null=True, verbose_name='gain as proposed'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='proposed_geom',
            field=django.contrib.gis.db.models.fields.PointField(blank=True, null=True, srid=4326, verbose_name='place as proposed'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='review',
            field=models.CharField(choices=[('pending', 'not reviewed yet'), ('endorsed', 'endorsed'), ('moved', 'moved and endorsed'), ('refused', 'refused'), ('withdrawn', 'taken out')], default='pending', max_length=10, verbose_name='review'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='review_reason',
            field=models.TextField(blank=True, default='', max_length=2000, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='reviewed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='reviewed'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='source',
            field=models.CharField(choices=[('optimiser', 'optimiser'), ('request', 'request'), ('planner', "planner's point")], default='optimiser', max_length=10, verbose_name='proposed by'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='version',
            field=models.PositiveIntegerField(default=1, verbose_name='version'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'sent', 'study', 'budgeted', 'approved', 'installed', 'rejected'])), name='plan_state_known'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'rejected']), ('sent_at__isnull', False), _connector='OR'), name='plan_went_to_the_police'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('released_at__isnull', True), ('state__in', ['approved', 'installed', 'rejected']), _connector='OR'), name='plan_released_when_decided'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='plan_version_positive'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='author',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='plan',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='layers.plan', verbose_name='plan'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='site',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='layers.plansite', verbose_name='proposed site'),
        ),
        migrations.AddField(
            model_name='siterequest',
            name='agency',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='layers.agency', verbose_name='agency'),
        ),
        migrations.AddField(
            model_name='siterequest',
            name='area',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to='layers.area', verbose_name='area'),
        ),
        migrations.AddField(
            model_name='siterequest',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='layers.siterequest', verbose_name='request'),
        ),
        migrations.AddField(
            model_name='plansite',
            name='request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='plan_sites', to='layers.siterequest', verbose_name='request'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.CheckConstraint(condition=models.Q(('review__in', ['pending', 'endorsed', 'moved', 'refused', 'withdrawn'])), name='plansite_review_known'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review__in', ['moved', 'refused', 'withdrawn']), _negated=True), models.Q(('review_reason', ''), _negated=True), _connector='OR'), name='plansite_review_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.CheckConstraint(condition=models.Q(('review', 'pending'), ('reviewed_at__isnull', False), _connector='OR'), name='plansite_review_has_time'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.CheckConstraint(condition=models.Q(('built_site__isnull', True), ('review__in', ['endorsed', 'moved']), _connector='OR'), name='plansite_built_when_endorsed'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_at__isnull', True), ('built_site__isnull', False), _connector='OR'), name='plansite_confirmed_when_built'),
        ),
        migrations.AddConstraint(
            model_name='plansite',
            constraint=models.UniqueConstraint(condition=models.Q(('review__in', ['pending', 'endorsed', 'moved'])), fields=('request',), name='plansite_request_in_one_plan'),
        ),
        migrations.AddConstraint(
            model_name='siterequest',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='siterequest_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='siterequest',
            constraint=models.CheckConstraint(condition=models.Q(('requester', ''), _negated=True), name='siterequest_has_requester'),
        ),
        migrations.AddConstraint(
            model_name='siterequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['new', 'planned', 'approved', 'installed', 'declined', 'withdrawn'])), name='siterequest_state_known'),
        ),
        migrations.AddIndex(
            model_name='planstep',
            index=models.Index(fields=['plan', 'id'], name='planstep_of_plan'),
        ),
        migrations.AddConstraint(
            model_name='planstep',
            constraint=models.CheckConstraint(condition=models.Q(('plan__isnull', False), ('request__isnull', False), _connector='OR'), name='planstep_of_something'),
        ),
        migrations.AddConstraint(
            model_name='planstep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['state', 'moved', 'refused', 'comment', 'taken_out', 'released']), _negated=True), models.Q(('text', ''), _negated=True), _connector='OR'), name='planstep_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='planstep',
            constraint=models.CheckConstraint(condition=models.Q(('author_name', ''), _negated=True), name='planstep_has_author'),
        ),
    ]
