"""A recorded world and loopback servers: the whole product runs and is tested without a network.

``load_world`` reads real, dated events as invented outlets tell them; ``WorldServer`` serves them night by night
(``STORY_NIGHTS``) in the formats and with the manners of real servers.
``FolderServer`` serves saved feeds, ``PostOffice`` receives letters, ``HookReceiver`` webhooks.
"""

from demo.folder_server import FolderServer
from demo.hook_receiver import HookAnswer, HookReceiver, HookRequest
from demo.nights import STORY_NIGHTS
from demo.post_office import Letter, PostOffice
from demo.recorded import Declaration, World, WorldDocument, load_world
from demo.world_server import Exchange, WorldServer, is_limited_night

__all__ = [
    "STORY_NIGHTS",
    "Declaration",
    "Exchange",
    "FolderServer",
    "HookAnswer",
    "HookReceiver",
    "HookRequest",
    "Letter",
    "PostOffice",
    "World",
    "WorldDocument",
    "WorldServer",
    "is_limited_night",
    "load_world",
]
