"""Routes of the five places: what there is, and what is added or taken away at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from styleshift import __version__
from styleshift.audio.formats import AUDIO_EXTENSIONS
from styleshift.bundle.limits import STRENGTH
from styleshift.errors import UsageError
from styleshift.evaluation.figures import EXPLAINED, IN_WORDS
from styleshift.models.shelf import add_model, find_named, remove_model
from styleshift.recipes import list_recipes
from styleshift.studio.asked import misfits
from styleshift.studio.cards import all_cards, card
from styleshift.studio.folders import from_query, place
from styleshift.studio.listening import answers_file, list_answers, save_answers
from styleshift.studio.runs import compare_runs, describe_run, list_runs, run_page
from styleshift.studio.uploads import MOST_BYTES, MOST_FILES, checked_name, receive
from styleshift.studio.web import Json, body, studio, text
from styleshift.workspace import setting

_CSV = {"Content-Type": "text/csv; charset=utf-8"}


def state(request: Request) -> Response:
    """What a page needs to know when it opens."""
    parts = studio(request)
    named = parts.folders.named
    return Json(
        {
            "version": __version__,
            "workspace": place(parts.place.root),
            "folders": [{**place(path), "path": str(path)} for path in named[1:]],
            "recipes": list_recipes(),
            "recipe": setting("recipe"),
            "extensions": sorted(AUDIO_EXTENSIONS),
            "most_bytes": MOST_BYTES,
            "most_files": MOST_FILES,
            "most_strength": STRENGTH[1],
            "figures": {name: {"called": IN_WORDS[name], "means": EXPLAINED[name]} for name in EXPLAINED},
        }
    )


async def name_folder(request: Request) -> Response:
    """Name one more folder that the studio may look into."""
    path = await asyncio.to_thread(studio(request).folders.add, text(await body(request), "path"))
    return Json({**place(path), "path": str(path)}, 201)


def browse(request: Request) -> Response:
    """What is in a folder."""
    return Json(studio(request).folders.browse(from_query(request.scope["query_string"], "at")))


def styles(request: Request) -> Response:
    """All styles in figures."""
    return Json({"styles": studio(request).styles.all()})


def recordings(request: Request) -> Response:
    """Every recording of a style."""
    return Json({"recordings": studio(request).styles.recordings(request.path_params["style"])})


async def fit(request: Request) -> Response:
    """Which styles must be read anew before the training that is described."""
    values = await body(request)
    return Json({"misfits": await asyncio.to_thread(misfits, studio(request), values)})


async def send_recording(request: Request) -> Response:
    """Take one file into a style."""
    name = checked_name(request.path_params["file"], AUDIO_EXTENSIONS)
    folder = await asyncio.to_thread(studio(request).styles.own_folder, request.path_params["style"])
    await receive(request.stream(), request.headers.get("content-length"), folder / name)
    return Json(place(folder / name), 201)


async def link_folder(request: Request) -> Response:
    """Make a folder's recordings part of a style; naming it is naming it for all places."""
    values, parts = await body(request), studio(request)

    def link() -> None:
        folder = parts.folders.add(text(values, "path"))
        parts.styles.add_folder(request.path_params["style"], folder)

    await asyncio.to_thread(link)
    return Json({}, 201)


async def send_song(request: Request) -> Response:
    """Take one file to convert."""
    name = checked_name(request.path_params["file"], AUDIO_EXTENSIONS)
    path = studio(request).place.root / "studio" / "songs" / name
    await receive(request.stream(), request.headers.get("content-length"), path)
    return Json(place(path), 201)


def runs(request: Request) -> Response:
    """All trainings in figures."""
    return Json({"runs": list_runs(studio(request).place)})


def run(request: Request) -> Response:
    """One training with its curves."""
    return Json(describe_run(studio(request).place, request.path_params["run"]))


def page_of_run(request: Request) -> Response:
    """The page that a training writes; its parts are shown in ours."""
    return HTMLResponse(run_page(studio(request).place, request.path_params["run"]))


def compare(request: Request) -> Response:
    """The scores of several trainings, as HTML."""
    return HTMLResponse(compare_runs(studio(request).place, request.query_params.getlist("run")))


def models(request: Request) -> Response:
    """All models with their cards."""
    return Json(all_cards(studio(request).place))


def model_file(request: Request) -> Response:
    """A model, to keep."""
    path = find_named(studio(request).place, request.path_params["model"]).path
    return FileResponse(path, filename=path.name)


async def send_model(request: Request) -> Response:
    """Add a model: what is no valid one is refused, and nothing in it is run."""
    name = checked_name(request.path_params["file"], frozenset({".onnx"}))
    waiting = studio(request).place.root / "studio" / "models" / name
    await receive(request.stream(), request.headers.get("content-length"), waiting)

    def take() -> Response:
        try:
            replace = request.query_params.get("overwrite") == "1"
            return Json(card(add_model(waiting, overwrite=replace)), 201)
        finally:
            waiting.unlink(missing_ok=True)

    return await asyncio.to_thread(take)


def drop_model(request: Request) -> Response:
    """Remove a model that was added."""
    return Json({"path": str(remove_model(studio(request).place, request.path_params["model"]))})


async def send_answers(request: Request) -> Response:
    """Keep the answers of a listening test."""
    values = await body(request)
    rows = values.get("rows")
    if not isinstance(rows, list):
        raise UsageError("there are no answers", "answer before you keep them")
    return Json(await asyncio.to_thread(save_answers, _tests(request), text(values, "kind"), rows), 201)


def answers(request: Request) -> Response:
    """The files of all listening tests."""
    return Json({"tests": list_answers(_tests(request))})


def answers_as_csv(request: Request) -> Response:
    """One of them."""
    path = answers_file(_tests(request), request.path_params["test"])
    return FileResponse(path, filename=path.name, headers=_CSV)


def _tests(request: Request) -> Path:
    return studio(request).place.root / "studio" / "tests"


ROUTES = [
    Route("/api/state", state),
    Route("/api/folders", name_folder, methods=["POST"]),
    Route("/api/browse", browse),
    Route("/api/styles", styles),
    Route("/api/fit", fit, methods=["POST"]),
    Route("/api/styles/{style}", recordings),
    Route("/api/styles/{style}/files/{file}", send_recording, methods=["PUT"]),
    Route("/api/styles/{style}/folders", link_folder, methods=["POST"]),
    Route("/api/songs/{file}", send_song, methods=["PUT"]),
    Route("/api/runs", runs),
    Route("/api/compare", compare),
    Route("/api/runs/{run}", run),
    Route("/api/runs/{run}/page", page_of_run),
    Route("/api/models", models),
    Route("/api/models/{file}", send_model, methods=["PUT"]),
    Route("/api/models/{model}", drop_model, methods=["DELETE"]),
    Route("/api/models/{model}/file", model_file),
    Route("/api/tests", send_answers, methods=["POST"]),
    Route("/api/tests", answers),
    Route("/api/tests/{test}", answers_as_csv),
]
