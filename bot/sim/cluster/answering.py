"""From an authorised request to a response: one function per verb and subresource.

Knows HTTP and the parts of the API it calls; decides nothing itself that one of those parts could decide.
"""

import dataclasses
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.sim.cluster import (
    access,
    deleting,
    executing,
    kinds,
    listing,
    logreading,
    objects,
    patches,
    protobuf,
    requests,
    statuses,
    tables,
    watch,
    writing,
)
from bot.sim.cluster.access import Access, Identity
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.requests import Ask
from bot.sim.cluster.world import World

JSON = "application/json"


def respond(body: Obj, *, status: int = 200, warnings: list[str] | None = None) -> web.Response:
    response = web.Response(body=objects.compact(body).encode() + b"\n", status=status, content_type=JSON)
    for text in warnings or []:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


class Answering:
    """Answers requests on resources. Authorisation of the request itself has happened."""

    def __init__(self, world: World, rights: Access) -> None:
        self._world = world
        self._store = world.store
        self._rights = rights

    async def answer(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        """Raises StatusError for every refusal."""
        resource = ask.target.resource
        if resource.is_review:
            return await self._review(request, ask, identity)
        if ask.subresource:
            return await self._answer_subresource(request, ask, identity)
        verbs: dict[str, Callable[[web.Request, Ask], Awaitable[web.StreamResponse]]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        if ask.verb == "patch" and request.content_type == patches.APPLY:
            return await self._apply(request, ask, identity)
        if ask.verb not in verbs or ask.verb not in resource.verbs:
            raise statuses.method_not_allowed()
        return await verbs[ask.verb](request, ask)

    # -- reads

    def _found(self, ask: Ask) -> Obj:
        return self._store.get(ask.target.resource, ask.namespace, ask.name)

    async def _get(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        obj = self._found(ask)
        if tables.is_wanted(request.headers.get("Accept", "")):
            table = tables.render(ask.target.resource, [obj], self._world.clock(), request.query)
            table["metadata"] = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return respond(table)
        return respond(obj)

    async def _list(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        resource = ask.target.resource
        found = listing.page(self._store, resource, ask.namespace, request.query)
        if tables.is_wanted(request.headers.get("Accept", "")):
            table = tables.render(resource, found["items"], self._world.clock(), request.query)
            return respond(table | {"metadata": found["metadata"]})
        return respond(found)

    async def _watch(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        resource, query = ask.target.resource, request.query
        as_table = tables.is_wanted(request.headers.get("Accept", ""))

        def show(obj: Obj) -> Obj:
            return tables.render(resource, [obj], self._world.clock(), query) if as_table else obj

        seconds = requests.integer(query, "timeoutSeconds")
        wanted = watch.Watch(
            resource,
            ask.namespace if resource.namespaced else "",
            listing.predicate(query, resource, ask.name),
            show,
            version=query.get("resourceVersion", ""),
            timeout_seconds=watch.DEFAULT_SECONDS if seconds is None else float(seconds),
            bookmarks=requests.is_true(query, "allowWatchBookmarks"),
            sends_initial=requests.is_true(query, "sendInitialEvents"),
        )
        response = web.StreamResponse(headers={"Content-Type": JSON})
        await response.prepare(request)
        try:
            await watch.stream(self._store, wanted, response)
            await response.write_eof()
        except ConnectionError:
            pass  # the client has seen enough
        return response

    # -- writes

    async def _create(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        if ask.name:
            raise statuses.method_not_allowed()
        options = requests.options_of(request)
        body = await requests.read_json(request)
        created = self._world.writer.create(ask.target, body, options)
        return respond(created, status=201, warnings=options.warnings)

    async def _update(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        options = requests.options_of(request)
        body = await requests.read_json(request)
        updated = self._world.writer.replace(ask.target, body, options)
        return respond(updated, warnings=options.warnings)

    async def _patch(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        options = requests.options_of(request)
        body = await requests.read_document(request)
        patched = self._world.writer.patch(ask.target, body, request.content_type, options)
        return respond(patched, warnings=options.warnings)

    async def _apply(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        """An apply that creates must be allowed to create as well."""
        options = requests.options_of(request)
        body = await requests.read_yaml(request)
        is_new = self._store.find(ask.target.resource, ask.namespace, ask.name) is None
        if is_new:
            self._rights.demand(identity, dataclasses.replace(ask.attributes, verb="create"))
        applied = self._world.writer.apply(ask.target, body, options)
        return respond(applied, status=201 if is_new else 200, warnings=options.warnings)

    async def _delete_options(self, request: web.Request) -> deleting.DeleteOptions:
        body = await requests.read_json(request)
        if not isinstance(body, dict):
            raise statuses.bad_request("json: cannot unmarshal into Go value of type v1.DeleteOptions")
        sent = [*request.query.getall("dryRun", []), *(body.get("dryRun") or [])]
        requests.demand_dry_run("DELETE", sent)
        return deleting.options_from(body, dict(request.query))

    async def _delete(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        options = await self._delete_options(request)
        return respond(deleting.delete(self._store, ask.target.resource, self._found(ask), options))

    async def _delete_collection(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        options = await self._delete_options(request)
        resource = ask.target.resource
        matches = listing.predicate(request.query, resource)
        page = listing.page(self._store, resource, ask.namespace, request.query)
        for obj in self._store.items(resource, ask.namespace):
            if matches(obj):
                deleting.delete(self._store, resource, obj, options)
        return respond(page)

    # -- subresources

    async def _answer_subresource(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        if ask.subresource not in ask.target.resource.subresources:
            raise statuses.no_such_resource()
        match ask.subresource, ask.verb:
            case "log", "get":
                return await self._log(request, ask)
            case "exec", "get" | "create":
                return await self._exec(request, ask, identity)
            case "eviction", "create":
                return await self._evict(request, ask)
            case "scale", "get":
                return respond(writing.scale_of(self._found(ask)))
            case "status", "get":
                return respond(self._found(ask))
            case "scale" | "status", "patch":
                return await self._patch(request, ask)
            case "scale" | "status", "update":
                return await self._update(request, ask)
            case _:
                raise statuses.method_not_allowed()

    async def _log(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        pod = self._found(ask)
        wanted = logreading.wish(self._world, pod, request.query)
        found = logreading.lines(self._world, pod, wanted)
        if not wanted.follow:
            return web.Response(body=logreading.text(found, wanted), content_type="text/plain")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        try:
            await logreading.follow(self._world, pod, wanted, response)
            await response.write_eof()
        except ConnectionError:
            pass  # the client has seen enough
        return response

    async def _exec(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        for verb in self._rights.exec_verbs:
            wanted = access.Attributes(verb, "", "pods", "exec", ask.namespace, ask.name)
            self._rights.demand(identity, wanted)
        call = executing.prepare(self._world, self._found(ask), request)
        return await executing.serve(call, request)

    async def _evict(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        body = await requests.read_json(request)
        is_dry = requests.options_of(request).dry_run
        if not isinstance(body, dict):
            raise statuses.bad_request("json: cannot unmarshal into Go value of type v1.Eviction")
        inner = body.get("deleteOptions") or {}
        is_dry = requests.demand_dry_run("POST", inner.get("dryRun") or []) or is_dry
        sent = body | {"deleteOptions": inner | ({"dryRun": ["All"]} if is_dry else {})}
        return respond(deleting.evict(self._store, ask.namespace, ask.name, sent), status=201)

    # -- reviews

    async def _review(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        if ask.verb != "create":
            raise statuses.method_not_allowed()
        resource = ask.target.resource
        if request.content_type == protobuf.CONTENT_TYPE:
            body = protobuf.decode(await request.read())
        else:
            body = await requests.read_json(request)
        if not isinstance(body, dict):
            raise statuses.bad_request("couldn't get version/kind; json parse error")
        review: Obj = {"kind": resource.kind, "apiVersion": resource.group_version} | body
        spec: Obj = review.get("spec") or {}
        if resource is kinds.SELF_ACCESS_REVIEWS:
            status: Obj = self._rights.review_self(identity, spec)
        elif resource is kinds.ACCESS_REVIEWS:
            status = self._rights.review(spec)
        elif resource is kinds.SELF_RULES_REVIEWS:
            status = self._rights.rules_of(identity, str(spec.get("namespace") or ""))
        else:
            status = {"userInfo": {"username": identity.user, "groups": list(identity.groups)}}
        return respond(access.review_answer(review, status), status=201)
