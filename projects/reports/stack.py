"""What no key of pyproject.toml can say: an alarm if a day goes by without a report."""

from __future__ import annotations

from multi_env_lambda import Context, Template


def extend(template: Template, context: Context) -> None:
    """Add the alarm. That a function fails has a key, ``alarms``; that nobody called it has none."""
    from cottonformation.res import cloudwatch

    alarm = cloudwatch.Alarm(
        "NoReport",
        rp_ComparisonOperator="LessThanThreshold",
        rp_EvaluationPeriods=1,
        p_AlarmName=f"{context.project.name}-{context.environment.name}-no-report",
        p_Namespace="AWS/Lambda",
        p_MetricName="Invocations",
        p_Dimensions=[cloudwatch.PropAlarmDimension(rp_Name="FunctionName", rp_Value=context.function("daily"))],
        p_Statistic="Sum",
        p_Period=24 * 60 * 60,
        p_Threshold=1.0,
        p_TreatMissingData="breaching",
    )
    template.add(alarm)
