"""Face of all models: importing them here makes them the app's."""

from layers.access.models import *  # noqa: F403
from layers.assets.models import *  # noqa: F403
from layers.audit.models import *  # noqa: F403
from layers.coverage.models import *  # noqa: F403
from layers.dispatch.models import *  # noqa: F403
from layers.events.models import *  # noqa: F403
from layers.importers.models import *  # noqa: F403
from layers.incidents.models import *  # noqa: F403
from layers.jobs.models import *  # noqa: F403
from layers.network.models import *  # noqa: F403
from layers.places.models import *  # noqa: F403
