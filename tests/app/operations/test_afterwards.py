import asyncio

from app.operations.afterwards import Afterwards


def test_it_calls_in_order_once_all_that_was_ready_is_done() -> None:
    done: list[str] = []

    async def request(name: str, afterwards: Afterwards) -> None:
        afterwards.call(lambda: done.append(f"after {name}"))
        done.append(name)

    async def run() -> None:
        afterwards = Afterwards()
        await asyncio.gather(request("a", afterwards), request("b", afterwards))
        await asyncio.sleep(0)
        await request("c", afterwards)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert done == ["a", "b", "after a", "after b", "c", "after c"]
