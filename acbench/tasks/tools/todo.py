"""A to-do list: projects and tasks in memory, one store per episode (specification, section 6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.matching import equal
from acbench.tasks.tools.toolbox import DATE, FLAG, ID, Refused, Tool, Toolbox, answer_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

PRIORITIES = (1, 2, 3, 4)
"""From normal to urgent."""


@dataclass(slots=True)
class Task:
    """``order`` is the position in its project when the store was made; it stays when others leave."""

    id: str
    order: int
    content: str
    description: str
    priority: int
    due_date: str
    duration: int
    unit: str

    def shown(self, *, completed: bool = True) -> dict[str, Any]:
        """The fields of the service; a task that was just completed comes without its flag."""
        return {
            "id": self.id,
            "order": self.order,
            "content": self.content,
            **({"is_completed": False} if completed else {}),
            "priority": self.priority,
            "due_date": self.due_date,
        }


@dataclass(slots=True)
class Project:
    id: str
    order: int
    name: str
    color: str
    is_favorite: bool
    tasks: list[Task]

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "order": self.order,
            "color": self.color,
            "name": self.name,
            "is_favorite": self.is_favorite,
        }


class TodoSimulator:
    """``world``: ``projects`` in upstream's schema, ``seed`` of the ids, ``current_date``, ``current_location``."""

    def __init__(self, world: Mapping[str, Any], offered: Sequence[str] | None = None) -> None:
        self._world = world
        ids = Random(f"todo ids {world.get('seed', 0)}")
        self._next = ids.randrange(1000, 8000)
        self.projects = [_project(entry, order, self._id) for order, entry in enumerate(world["projects"], 1)]
        self.toolbox = Toolbox(self._tools(), offered)

    def hint(self) -> str:
        return "You work on the user's to-do list."

    def state(self) -> dict[str, Any]:
        """Projects and tasks without ids: what a row's final state is compared with."""
        projects = [_without_id(project.shown()) for project in self.projects]
        tasks = [_without_id(task.shown()) for project in self.projects for task in project.tasks]
        return {"projects": projects, "tasks": tasks}

    def cleaned(self, _tool: str, result: Any) -> Any:
        if isinstance(result, list):
            return [_without_id(entry) if isinstance(entry, dict) else entry for entry in result]
        if isinstance(result, dict):
            nested = {
                name: _without_id(part) if name in ("task", "project") and isinstance(part, dict) else part
                for name, part in result.items()
            }
            return _without_id(nested)
        return result

    def same(self, goal: Any, candidate: Any) -> bool:
        return equal(goal, candidate)

    def _id(self) -> str:
        self._next += 7
        return str(self._next)

    def _tools(self) -> list[Tool]:
        project, task = {"project_id": ID}, {"task_id": ID}
        return [
            Tool("get_user_current_date", "today's date", lambda: self._world["current_date"], {}),
            Tool("get_user_current_location", "the user's city", lambda: self._world["current_location"], {}),
            Tool("get_projects", "all projects with their ids", self._get_projects, {}),
            Tool(
                "update_project",
                'marks a project as favorite ("True") or not ("False")',
                self._update_project,
                {**project, "is_favorite": FLAG},
            ),
            Tool("get_tasks", "the open tasks of a project with their ids", self._get_tasks, project),
            Tool("get_task_description", "a task's description", self._get_task_description, task),
            Tool("get_task_duration", "how long a task takes", self._get_task_duration, task),
            Tool("complete_task", "marks a task as completed", self._complete_task, task),
            Tool("update_task", "changes a task's due date", self._update_task, {**task, "due_date": DATE}),
            Tool("delete_task", "deletes a task", self._delete_task, task),
            answer_tool("gives the answer, or 'done' after a change, and ends the task"),
        ]

    def _get_projects(self) -> list[dict[str, Any]]:
        return [project.shown() for project in self.projects]

    def _update_project(self, project_id: str, is_favorite: str) -> dict[str, Any]:
        project = self._project(project_id)
        if is_favorite.lower() not in ("true", "false"):
            raise Refused('is_favorite must be "True" or "False".')
        project.is_favorite = is_favorite.lower() == "true"
        return {"message": f"Project {project.name} is updated.", "project": project.shown()}

    def _get_tasks(self, project_id: str) -> list[dict[str, Any]]:
        return [task.shown() for task in self._project(project_id).tasks]

    def _get_task_description(self, task_id: str) -> dict[str, Any]:
        task = self._task(task_id, f"Task {task_id} not found")[1]
        return {"id": task.id, "content": task.content, "description": task.description}

    def _get_task_duration(self, task_id: str) -> dict[str, Any]:
        task = self._task(task_id, f"Task {task_id} not found")[1]
        return {"id": task.id, "content": task.content, "duration": f"{task.duration}({task.unit})"}

    def _complete_task(self, task_id: str) -> dict[str, Any]:
        return self._leave(task_id, "completed", completed=False)

    def _delete_task(self, task_id: str) -> dict[str, Any]:
        return self._leave(task_id, "deleted", completed=True)

    def _leave(self, task_id: str, how: str, *, completed: bool) -> dict[str, Any]:
        project, task = self._task(task_id, f"Task {task_id} is not exists.")
        project.tasks.remove(task)
        return {"message": f"Task {task.content} is {how}.", "task": task.shown(completed=completed)}

    def _update_task(self, task_id: str, due_date: date) -> dict[str, Any]:
        task = self._task(task_id, f"Task {task_id} not found")[1]
        task.due_date = due_date.isoformat()
        return {"message": f"Task {task.content} is updated.", "task": task.shown()}

    def _project(self, project_id: str) -> Project:
        for project in self.projects:
            if project.id == project_id:
                return project
        raise Refused(f"Project {project_id[:40]} not found")

    def _task(self, task_id: str, refusal: str) -> tuple[Project, Task]:
        for project in self.projects:
            for task in project.tasks:
                if task.id == task_id:
                    return project, task
        raise Refused(refusal[:80])


def _project(entry: Mapping[str, Any], order: int, new_id: Any) -> Project:
    project_id = new_id()
    tasks = [
        Task(
            id=new_id(),
            order=position,
            content=task["content"],
            description=task["description"],
            priority=task["priority"],
            due_date=task["due_date"],
            duration=task["duration"],
            unit=task["duration_unit"],
        )
        for position, task in enumerate(entry["tasks"], 1)
    ]
    color = entry.get("color", "charcoal")
    return Project(project_id, order, entry["name"], color, bool(entry["is_favorite"]), tasks)


def _without_id(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in entry.items() if name != "id"}
