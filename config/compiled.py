"""Statements that Django compiles once in each process, for the few that every launch makes.

Building a queryset and compiling it to SQL takes Django several times what the database needs for the answer, and for
one place in the code the SQL is always the same. So a queryset is written with `Parameter`s where values go, compiled
at its first use, and run again and again with other values. The queryset stays the one place that says what is asked.

Nothing of an answer is kept: each run asks the database anew, with the values of that run alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import InsertQuery

M = TypeVar("M", bound=models.Model)


class Parameter(Expression):
    """Stands in a queryset for a value that each run gives; `field` says how the value is written for the database."""

    def __init__(self, name: str, field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def __repr__(self) -> str:
        return f"<Parameter {self.name}>"


@dataclass(frozen=True)
class _Plan:
    """A compiled queryset for one kind of database. `make` turns a row of the answer into a model's instance."""

    sql: str
    params: Sequence[Any]
    locks: bool
    make: Callable[[Sequence[Any], BaseDatabaseWrapper], Any]


class Select(Generic[M]):
    """A queryset of model instances, with joins and annotations; without `prefetch_related`.

    `queryset` gets a `Parameter` for each of `fields`, by its name, and returns the queryset. The default database's.
    """

    def __init__(self, queryset: "Callable[..., models.QuerySet[M]]", **fields: "models.Field[Any, Any]") -> None:
        self._queryset = queryset
        self._parameters = {name: Parameter(name, field) for name, field in fields.items()}
        self._plans: dict[str, _Plan] = {}  # by the kind of database; compiled twice by two threads harms none

    def rows(self, **values: Any) -> list[M]:
        """What it finds with these values, one for each parameter.

        Raises:
            TypeError: a value is missing, or there is no such parameter.
            TransactionManagementError: it locks rows, outside of a transaction.
        """
        if values.keys() != self._parameters.keys():
            raise TypeError(f"values for {sorted(self._parameters)}, not for {sorted(values)}")
        connection = connections[DEFAULT_DB_ALIAS]
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = self._compiled(connection)
        if plan.locks and connection.get_autocommit():
            raise transaction.TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [_written(param, values, connection) for param in plan.params])
            found = cursor.fetchall()
        return [plan.make(row, connection) for row in found]

    def first(self, **values: Any) -> M | None:
        """The first of `rows`: for what is one at most. It adds no order and no limit, as a queryset's `first` does."""
        return next(iter(self.rows(**values)), None)

    def _compiled(self, connection: BaseDatabaseWrapper) -> _Plan:
        queryset = self._queryset(**self._parameters)
        assert not queryset._prefetch_related_lookups, "rows of other statements are not fetched here"  # type: ignore[attr-defined]
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        locks = queryset.query.select_for_update and connection.features.has_select_for_update
        return _Plan(sql, tuple(params), bool(locks), _maker(compiler, connection.alias))


class Insert(Generic[M]):
    """Stores one new row of a model, all of its columns. No signals are sent: for models that nobody listens to."""

    def __init__(self, model: type[M], *, ignore_conflicts: bool = False) -> None:
        self._model = model
        self._fields = [field for field in model._meta.concrete_fields if not field.generated]
        self._on_conflict = OnConflict.IGNORE if ignore_conflicts else None
        self._sql: dict[str, str] = {}

    def store(self, row: M) -> bool:
        """False: with `ignore_conflicts`, such a row was there already.

        Raises:
            IntegrityError: as `save(force_insert=True)`.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        sql = self._sql.get(connection.vendor)
        if sql is None:
            sql = self._sql[connection.vendor] = self._compiled(connection)
        values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in self._fields]
        with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(sql, values)
            stored = bool(cursor.rowcount == 1)
        row._state.adding, row._state.db = False, connection.alias
        return stored

    def _compiled(self, connection: BaseDatabaseWrapper) -> str:
        stand_in = self._model(**{field.attname: Parameter(field.attname, field) for field in self._fields})
        query = InsertQuery(self._model, on_conflict=self._on_conflict)
        query.insert_values(self._fields, [stand_in], raw=True)
        [(sql, params)] = query.get_compiler(connection=connection).as_sql()
        assert [param.name for param in params] == [field.attname for field in self._fields]
        return str(sql)


def prefetched(row: models.Model, name: str, related: "list[Any]") -> None:
    """Gives `row` its related rows as `prefetch_related(name)` would, where they came with another statement."""
    found = getattr(row, name).model._default_manager.all()
    found._result_cache, found._prefetch_done = related, True
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = found


def _written(param: Any, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
    if not isinstance(param, Parameter):
        return param
    return param.output_field.get_db_prep_value(values[param.name], connection, prepared=False)


def _maker(compiler: Any, alias: str) -> Callable[[Sequence[Any], BaseDatabaseWrapper], Any]:
    """What `ModelIterable` of Django does for each row, with everything that is the same for all rows done before."""
    select, info, annotations = compiler.select, compiler.klass_info, compiler.annotation_col_map or {}
    model, fields = info["model"], info["select_fields"]
    begin, end = fields[0], fields[-1] + 1
    names = [column[0].target.attname for column in select[begin:end]]
    related = _quick(get_related_populators(info, select, alias))  # type: ignore[call-arg]  # as Django 5.2 has it
    converters = compiler.get_converters([column[0] for column in select])
    build = _Quick(model).from_db if _is_plain(model) else model.from_db

    def make(row: Sequence[Any], here: BaseDatabaseWrapper) -> Any:
        if converters:
            row = list(_converted(row, converters, here))
        made = build(here.alias, names, row[begin:end])
        for populator in related:
            populator.populate(row, made)
        for name, column in annotations.items():
            setattr(made, name, row[column])
        return made

    return make


class _Quick:
    """Makes instances as `Model.from_db` does, without what `Model.__init__` does for instances from elsewhere."""

    def __init__(self, model: type[models.Model]) -> None:
        self._model = model

    def from_db(self, alias: str, names: Sequence[str], values: Sequence[Any]) -> models.Model:
        made = self._model.__new__(self._model)
        made._state = ModelState()
        made._state.adding, made._state.db = False, alias
        made.__dict__.update(zip(names, values, strict=True))
        return made


def _is_plain(model: type[models.Model]) -> bool:
    """Whether nothing but `Model` itself has a say in how an instance is made."""
    own = model.__init__ is not models.Model.__init__ or "from_db" in vars(model)
    return not own and not pre_init.has_listeners(model) and not post_init.has_listeners(model)


def _quick(populators: list[Any]) -> list[Any]:
    for populator in populators:
        if _is_plain(populator.model_cls):
            populator.model_cls = _Quick(populator.model_cls)
        _quick(populator.related_populators)
    return populators


def _converted(row: Sequence[Any], converters: dict[int, Any], here: BaseDatabaseWrapper) -> Iterator[Any]:
    for position, value in enumerate(row):
        if position in converters:
            functions, expression = converters[position]
            for function in functions:
                value = function(value, expression, here)
        yield value
