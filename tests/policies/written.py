"""What lies in the bucket, and which roles may write each."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENVIRONMENTS", "WRITTEN"]

ENVIRONMENTS = ("acme-build", "acme-developer")
_JOB, _PLANS_JOB = "0" * 32, "f" + "0" * 31
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "environments/sandbox/current/orders.json": ENVIRONMENTS,
    "environments/sandbox/history/orders/00000001.json": ENVIRONMENTS,
    "environments/prod/current/orders.json": ("acme-build",),
    "environments/prod/current.json.gz": ("acme-build",),
    "environments/prod/history/orders/00000001.json": ("acme-build",),
    "environments/prod/current.frozen.json": ("acme-developer",),
    "environments/prod/current/x/current.frozen.json": ("acme-build",),
    f"environments/prod/approvals/{'0' * 64}/{'0' * 16}/AROA:grace.json": (),
    f"environments/prod/current/x/approvals/{'0' * 64}/{'0' * 16}/AROA:thief.json": ("acme-build",),
    f"environments/prod/history/approvals/{'0' * 64}/{'0' * 16}/AROA:thief.json": ("acme-build",),
    f"environments/prod/approvals/{'0' * 64}/{'0' * 16}/AROA:thief.json": ("acme-approver",),
    f"environments/prod/approvals/{'0' * 64}/{'0' * 16}/witness.json": ("acme-witness",),
    f"environments/test/approvals/{'0' * 64}/{'0' * 16}/witness.json": (),
    f"environments/prod/current/x/approvals/{'0' * 64}/{'0' * 16}/witness.json": ("acme-build",),
    f"environments/prod/approvals/{'0' * 64}/{'0' * 16}/github.json": ("acme-prod-reviewer",),
    f"environments/test/approvals/{'0' * 64}/{'0' * 16}/github.json": (),
    f"environments/prod/current/x/approvals/{'0' * 64}/{'0' * 16}/github.json": ("acme-build",),
    "projects/orders/index.json": ENVIRONMENTS,
    "ci/protected.json": ("acme-build",),
    f"ci/wanted/{_JOB[:24]}.json": ("acme-build", "acme-dispatcher"),
    f"ci/wanted/{_PLANS_JOB[:24]}.json": ("acme-build", "acme-dispatcher", "acme-plan"),
    "ci/plans/prod/0.json": ("acme-build",),
    "ci/verified/prod/0.json": ("acme-build",),
    f"ci/results/{_JOB}/0.json": ("acme-build",),
    f"ci/results/{_PLANS_JOB}/0.json": ("acme-build", "acme-plan"),
    "ci/told/0.json": ("acme-build",),
    "ci/environments/b-x.json": ("acme-build",),
    "ci/copies/0.json": ("acme-build",),
    f"ci/library/{'0' * 64}/dispatcher.zip": (),
    "ci/something-new.json": (),
    f"ci/deliveries/{'0' * 64}.json": ("acme-receiver",),
}
