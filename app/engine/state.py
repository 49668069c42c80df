"""The parts of one running engine, and how a route gets at them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.engine.bases import Bases
from app.engine.batcher import Batcher
from app.engine.checker import FileChecker
from app.engine.config import EngineConfig
from app.engine.files import FileStore
from app.engine.jobs import JobStore
from app.engine.ray_client import Cluster
from app.engine.ray_jobs import RayCluster
from app.engine.runner import Runner
from app.engine.training import Place, ThisMachine
from app.engine.tuned import TunedModels


@dataclass(frozen=True)
class EngineState:
    config: EngineConfig
    files: FileStore
    jobs: JobStore
    bases: Bases
    tuned: TunedModels
    checker: FileChecker
    runner: Runner
    batcher: Batcher


def make_state(config: EngineConfig) -> EngineState:
    """Read the state on disk; nothing runs yet."""
    config.make_folders()
    files, jobs, bases = FileStore(config), JobStore(config), Bases(config)
    tuned = TunedModels(config, bases, jobs)
    runner = Runner(config, jobs, files, bases, tuned, _place(config, jobs))
    batcher = Batcher(config, bases, busy=lambda: runner.place.here and runner.training is not None)
    return EngineState(config, files, jobs, bases, tuned, FileChecker(jobs, files), runner, batcher)


def _place(config: EngineConfig, jobs: JobStore) -> Place:
    return RayCluster(config, jobs, Cluster(config.ray)) if config.ray else ThisMachine(config.threads)


def _state(request: Request) -> EngineState:
    state: EngineState = request.app.state.engine
    return state


EngineDep = Annotated[EngineState, Depends(_state)]
