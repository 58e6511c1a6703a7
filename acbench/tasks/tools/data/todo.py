"""Questions and changes about an invented to-do list. Final states are computed on the plain data."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.data.drafts import Draft
from acbench.tasks.tools.todo import TodoSimulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

FEW = ("get_task_duration",)
HALF = (
    *(
        "get_projects",
        "get_tasks",
        "get_task_duration",
        "get_task_description",
        "complete_task",
        "update_task",
    ),
    "delete_task",
)
DONE = "done"
DURATIONS = (15, 20, 30, 45, 60, 90, 120)
_PROJECTS = {
    "Allotment": (
        "Build a cold frame",
        "Mend the fence",
        "Order seed potatoes",
        "Prune the plum tree",
        "Sharpen the spade",
    ),
    "Choir Trip": (
        "Book the coach",
        "Collect the fees",
        "Copy the sheet music",
        "Find a hostel",
        "Print name tags",
    ),
    "Flat Move": (
        "Cancel the gas contract",
        "Label the boxes",
        "Measure the hallway",
        "Paint the bedroom",
        "Rent a van",
    ),
    "Library Shift": (
        "Close the reading room",
        "Repair torn covers",
        "Shelve the returns",
        "Update the notice board",
    ),
    "Marathon": ("Buy new shoes", "Plan the long run", "See the physiotherapist", "Stretch after the run"),
    "Photo Club": ("Clean the lenses", "Develop two films", "Hang the exhibition", "Write the newsletter"),
    "Tax Return": (
        "Ask for missing receipts",
        "Fill in the main form",
        "Scan the invoices",
        "Sort the receipts",
    ),
}
_PLACES = ("cellar", "garage", "kitchen table", "main station", "office", "town hall")
_CITIES = ("Bergen", "Cork", "Graz", "Lyon", "Porto", "Turin")
Plan = list[tuple[str, dict[str, Any]]]


def draw(rng: Random, level: int, seed: int) -> Draft:
    choices: dict[int, tuple[Callable[[_List], Draft], ...]] = {1: _EASY, 2: _MIDDLE, 3: _HARD}
    return rng.choice(choices[level])(_List(rng, seed))


class _List:
    """A list with the ids its store will give."""

    def __init__(self, rng: Random, seed: int) -> None:
        self.rng = rng
        self.today = date(2024, 3, 1) + timedelta(days=rng.randrange(200))
        names = rng.sample(sorted(_PROJECTS), rng.randrange(2, 4))
        self.world = {
            "seed": f"{seed} {rng.randrange(10**6)}",
            "projects": [self._project(name) for name in names],
            "current_date": self.today.isoformat(),
            "current_location": rng.choice(_CITIES),
        }
        store = TodoSimulator(self.world)
        self.state = store.state()
        self.projects = [project.shown() for project in store.projects]
        self.tasks = [
            {**task.shown(), "project": project.name, "duration": task.duration}
            for project in store.projects
            for task in project.tasks
        ]

    def _project(self, name: str) -> dict[str, Any]:
        contents = self.rng.sample(_PROJECTS[name], self.rng.randrange(2, 5))
        return {
            "name": name,
            "is_favorite": self.rng.random() < 0.2,
            "tasks": [self._task(text) for text in contents],
        }

    def _task(self, content: str) -> dict[str, Any]:
        due = self.today + timedelta(days=self.rng.randrange(-5, 20))
        return {
            "content": content,
            "description": f"Meet at the {self.rng.choice(_PLACES)}.",
            "due_date": due.isoformat(),
            "duration": self.rng.choice(DURATIONS),
            "duration_unit": "minute",
            "priority": self.rng.randrange(1, 5),
        }

    def task(self) -> dict[str, Any]:
        return self.rng.choice(self.tasks)

    def of(self, project: str) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["project"] == project]

    def project_id(self, name: str) -> str:
        return next(str(project["id"]) for project in self.projects if project["name"] == name)

    def look(self, project: str) -> Plan:
        """The calls that show a project's tasks."""
        return [("get_projects", {}), ("get_tasks", {"project_id": self.project_id(project)})]

    def without(self, contents: set[str]) -> dict[str, Any]:
        state = copy.deepcopy(self.state)
        state["tasks"] = [task for task in state["tasks"] if task["content"] not in contents]
        return state

    def moved(self, dates: dict[str, str]) -> dict[str, Any]:
        state = copy.deepcopy(self.state)
        for task in state["tasks"]:
            task["due_date"] = dates.get(task["content"], task["due_date"])
        return state


_SAY_DONE = f"Then finish with the answer '{DONE}'."
_LEAVE = (("Mark the task {} as completed.", "complete_task"), ("Delete the task {}.", "delete_task"))


def _leave_by_id(todo: _List) -> Draft:
    task = todo.task()
    words, tool = todo.rng.choice(_LEAVE)
    goal = f"{words.format('with the id ' + task['id'])} {_SAY_DONE}"
    plan: Plan = [(tool, {"task_id": task["id"]})]
    return Draft(goal, todo.world, plan, DONE, (0,), FEW, todo.without({task["content"]}))


def _move_by_id(todo: _List) -> Draft:
    task = todo.task()
    due = _other_day(todo, task)
    goal = f"Set the due date of the task with the id {task['id']} to {due}. {_SAY_DONE}"
    plan: Plan = [("update_task", {"task_id": task["id"], "due_date": due})]
    return Draft(goal, todo.world, plan, DONE, (0,), FEW, todo.moved({task["content"]: due}))


def _duration_by_id(todo: _List) -> Draft:
    task = todo.task()
    goal = f"How long does the task with the id {task['id']} take? Answer in the form 30(minute)."
    plan: Plan = [("get_task_duration", {"task_id": task["id"]})]
    return Draft(goal, todo.world, plan, f"{task['duration']}(minute)", (0,), ("get_task_description",))


def _due(todo: _List) -> Draft:
    task = todo.task()
    name = f"'{task['content']}' of the project '{task['project']}'"
    goal = f"When is the task {name} due? Answer in the form YYYY-MM-DD."
    return Draft(goal, todo.world, todo.look(task["project"]), task["due_date"], (0, 1), HALF)


def _leave(todo: _List) -> Draft:
    task = todo.task()
    words, tool = todo.rng.choice(_LEAVE)
    name = f"'{task['content']}' of the project '{task['project']}'"
    plan: Plan = [*todo.look(task["project"]), (tool, {"task_id": task["id"]})]
    goal = f"{words.format(name)} {_SAY_DONE}"
    return Draft(goal, todo.world, plan, DONE, (0, 1, 2), HALF, todo.without({task["content"]}))


def _how_many(todo: _List) -> Draft:
    project = todo.task()["project"]
    goal = f"How many open tasks does the project '{project}' have? Answer with a number."
    return Draft(goal, todo.world, todo.look(project), len(todo.of(project)), (0, 1), HALF)


def _longest(todo: _List) -> Draft:
    project = todo.task()["project"]
    tasks = todo.of(project)
    total = sum(task["duration"] for task in tasks)
    goal = f"How long do all tasks of the project '{project}' take together? Answer in the form 30(minute)."
    plan: Plan = todo.look(project)
    plan += [("get_task_duration", {"task_id": task["id"]}) for task in tasks]
    return Draft(goal, todo.world, plan, f"{total}(minute)", tuple(range(len(plan))))


def _clear_priority(todo: _List) -> Draft:
    first = todo.task()
    project, priority = first["project"], first["priority"]
    chosen = [task for task in todo.of(project) if task["priority"] == priority]
    goal = (
        f"Mark all tasks of the project '{project}' that have priority {priority} as completed. {_SAY_DONE}"
    )
    plan: Plan = todo.look(project)
    plan += [("complete_task", {"task_id": task["id"]}) for task in chosen]
    final = todo.without({task["content"] for task in chosen})
    return Draft(goal, todo.world, plan, DONE, tuple(range(len(plan))), None, final)


def _postpone(todo: _List) -> Draft:
    project = todo.task()["project"]
    days = todo.rng.randrange(2, 9)
    due = (todo.today + timedelta(days=days)).isoformat()
    chosen = [task for task in todo.of(project) if task["due_date"] < todo.today.isoformat()]
    if not chosen:
        return _clear_priority(todo)
    goal = (
        f"Set all tasks of the project '{project}' whose due date lies before today to {days} days after today. "
        f"{_SAY_DONE}"
    )
    plan: Plan = [("get_user_current_date", {}), *todo.look(project)]
    plan += [("update_task", {"task_id": task["id"], "due_date": due}) for task in chosen]
    final = todo.moved({task["content"]: due for task in chosen})
    return Draft(goal, todo.world, plan, DONE, tuple(range(len(plan))), None, final)


def _favorite(todo: _List) -> Draft:
    counts = {project["name"]: len(todo.of(project["name"])) for project in todo.projects}
    most = max(counts, key=lambda name: counts[name])
    if (
        list(counts.values()).count(counts[most]) > 1
        or todo.state["projects"][list(counts).index(most)]["is_favorite"]
    ):
        return _longest(todo)
    goal = f"Mark the project with the most open tasks as a favorite. {_SAY_DONE}"
    plan: Plan = [("get_projects", {})]
    plan += [("get_tasks", {"project_id": project["id"]}) for project in todo.projects]
    plan.append(("update_project", {"project_id": todo.project_id(most), "is_favorite": "True"}))
    final = copy.deepcopy(todo.state)
    for project in final["projects"]:
        project["is_favorite"] |= project["name"] == most
    return Draft(goal, todo.world, plan, DONE, tuple(range(len(plan))), None, final)


def _other_day(todo: _List, task: dict[str, Any]) -> str:
    days = [(todo.today + timedelta(days=number)).isoformat() for number in range(1, 15)]
    return todo.rng.choice([day for day in days if day != task["due_date"]])


_EASY = (_leave_by_id, _move_by_id, _duration_by_id)
_MIDDLE = (_due, _leave, _how_many)
_HARD = (_longest, _clear_priority, _postpone, _favorite)
