"""What the worker must know of the playground: its kind of model batch."""

from app.annotation.assist.kinds import register
from app.evals.playground.kind import PLAYGROUND

register(PLAYGROUND)
