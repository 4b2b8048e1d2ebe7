"""The matrix of roles: what it does not grant is denied, and no combination grants what none of its roles does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.accounts.model import Viewer
from callwright.accounts.roles import EVERYTHING, MATRIX, Permission, Role, permissions_of

ROLES = st.frozensets(st.sampled_from(Role))
SCOPES = st.frozensets(st.sampled_from(Permission))
CHANGING = {one for one in Permission if one.value.rpartition(".")[2] not in ("read",)}


def test_nobody_without_a_role_may_anything() -> None:
    assert permissions_of(()) == frozenset()
    assert set(MATRIX) == set(Role)


def test_every_permission_is_granted_to_somebody() -> None:
    assert permissions_of(Role) == EVERYTHING


@given(ROLES, ROLES)
def test_roles_add_up_and_nothing_else(some: frozenset[Role], others: frozenset[Role]) -> None:
    both = permissions_of(some | others)
    assert both == permissions_of(some) | permissions_of(others)
    for permission in both:
        assert any(permission in MATRIX[role] for role in some | others)


@given(ROLES, SCOPES)
def test_a_token_never_grants_more_than_its_scopes_nor_than_who_made_it(
    roles: frozenset[Role], scopes: frozenset[Permission]
) -> None:
    program = Viewer.of_token(1, 2, 3, "t", roles, scopes)
    person = Viewer.of_session(1, 3, "p", roles)
    for permission in Permission:
        assert program.may(permission) == (permission in scopes and person.may(permission))


def test_an_auditor_changes_nothing() -> None:
    assert not MATRIX[Role.AUDITOR] & CHANGING


@pytest.mark.parametrize("permission", [Permission.USERS_MANAGE, Permission.TENANT_MANAGE, Permission.SETTINGS_MANAGE,
                                        Permission.TOKENS_MANAGE, Permission.COMPANY_VET, Permission.SUBJECTS_ERASE])  # fmt: skip
def test_only_administrators_rule_the_house(permission: Permission) -> None:
    assert {role for role in Role if permission in MATRIX[role]} == {Role.ADMINISTRATOR}


def test_who_writes_does_not_let_it_through_alone() -> None:
    assert Permission.SCRIPTS_REVIEW not in MATRIX[Role.AUTHOR]
    assert Permission.SCRIPTS_WRITE not in MATRIX[Role.REVIEWER]
    assert Permission.TASKS_APPROVE not in MATRIX[Role.OPERATOR]


def test_full_numbers_are_for_those_who_speak_to_people() -> None:
    assert {role for role in Role if Permission.NUMBERS_UNMASKED in MATRIX[role]} == {Role.AGENT, Role.INSPECTOR}
