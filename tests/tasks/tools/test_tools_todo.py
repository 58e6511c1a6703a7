"""The to-do simulator: fields, changes, refusals, the state without ids."""

from __future__ import annotations

from typing import Any

from tools_stubs import TODO_WORLD, call, environment, seen

from acbench.tasks.tools.todo import TodoSimulator


def fresh() -> tuple[Any, Any, Any]:
    """Environment, project and first task."""
    env = environment("todo", TODO_WORLD)
    project = env.simulator.projects[0]  # type: ignore[attr-defined]
    return env, project, project.tasks[0]


def test_what_the_lists_show() -> None:
    env, project, task = fresh()
    assert env.step(call("get_projects")).observation == str(
        [{"id": project.id, "order": 1, "color": "charcoal", "name": "Boat", "is_favorite": False}]
    )
    shown = env.step(call("get_tasks", project_id=project.id)).observation
    first = {"id": task.id, "order": 1, "content": "Step A", "is_completed": False, "priority": 1}
    assert shown.startswith(f"[{ {**first, 'due_date': '2024-05-01'}!s}, ")
    duration = env.step(call("get_task_duration", task_id=task.id)).observation
    assert duration == str({"id": task.id, "content": "Step A", "duration": "10(minute)"})
    described = env.step(call("get_task_description", task_id=task.id)).observation
    assert described == str({"id": task.id, "content": "Step A", "description": "How to do A"})
    assert env.step(call("get_user_current_location")).observation == "Cork"


def test_ids_come_from_a_seed_and_may_be_numbers() -> None:
    assert fresh()[2].id == fresh()[2].id
    assert TodoSimulator({**TODO_WORLD, "seed": 2}).projects[0].id != fresh()[1].id
    env, _, task = fresh()
    for same in (int(task.id), float(task.id)):
        assert env.step(call("get_task_duration", task_id=same)).trouble == ""


def test_completing_and_deleting_take_the_task_off_the_list() -> None:
    for tool, flagged in (("complete_task", False), ("delete_task", True)):
        env, project, task = fresh()
        result = env.simulator.toolbox.tools[tool].run(task_id=task.id)
        assert set(result) == {"message", "task"}
        assert ("is_completed" in result["task"]) == flagged
        assert [left.content for left in project.tasks] == ["Step B", "Step C"]
        assert [left["order"] for left in env.simulator.state()["tasks"]] == [2, 3]
        again = env.step(call(tool, task_id=task.id))
        assert (again.observation, again.valid) == (f"Task {task.id} is not exists.", True)


def test_updates() -> None:
    env, project, task = fresh()
    assert "2024-07-01" in env.step(call("update_task", task_id=task.id, due_date="2024-07-01")).observation
    assert env.simulator.state()["tasks"][0]["due_date"] == "2024-07-01"
    for value in ("True", True, "true"):
        project.is_favorite = False
        assert env.step(call("update_project", project_id=project.id, is_favorite=value)).trouble == ""
        assert project.is_favorite
    assert env.step(call("update_project", project_id=project.id, is_favorite="maybe")).trouble == "refused"
    assert seen(env, call("update_project", project_id=project.id, is_favorite="False")).trouble == ""
    assert not project.is_favorite


def test_wrong_arguments_are_told_apart() -> None:
    env, _, task = fresh()
    cases = {
        call(
            "update_task", task_id=task.id
        ): "ERROR | TypeError(update_task() missing 1 required positional argument: 'due_date')",
        call(
            "update_task"
        ): "ERROR | TypeError(update_task() missing 2 required positional arguments: 'task_id' and 'due_date')",
        call("get_tasks", id="1"): "ERROR | TypeError(get_tasks() got an unexpected keyword argument 'id')",
        call(
            "update_task", task_id=task.id, due_date="soon"
        ): "ERROR | ValueError(due_date must be of the kind YYYY-MM-DD, not 'soon')",
        call("get_tasks", project_id=[1]): "ERROR | ValueError(project_id must be of the kind id, not [1])",
        call("add_task", content="x"): "ERROR | Invalid action: add_task.",
    }
    for line, observation in cases.items():
        step = env.step(line)
        assert (step.observation, step.valid) == (observation, False)


def test_stores_do_not_share_anything() -> None:
    env, _, task = fresh()
    env.step(call("delete_task", task_id=task.id))
    assert len(fresh()[1].tasks) == 3


def test_a_change_needs_its_final_state_besides_the_answer() -> None:
    wanted = TodoSimulator(TODO_WORLD)
    wanted.projects[0].tasks.pop(0)
    for act, success in ((True, True), (False, False)):
        env = environment("todo", TODO_WORLD, subgoals=["done"], final=wanted.state())
        task = env.simulator.projects[0].tasks[0].id  # type: ignore[attr-defined]
        if act:
            env.step(call("delete_task", task_id=task))
        last = env.step(call("finish", answer="done"))
        assert (last.progress, last.done, env.success) == (1.0, True, success)


def test_comparison_leaves_out_ids() -> None:
    simulator = TodoSimulator(TODO_WORLD)
    inner = {"message": "m", "task": {"id": "1", "order": 2}, "project": {"id": "3"}}
    assert simulator.cleaned("t", inner) == {"message": "m", "task": {"order": 2}, "project": {}}
    assert simulator.cleaned("t", [{"id": "1", "order": 2}]) == [{"order": 2}]
    assert simulator.cleaned("t", "text") == "text"
