-- DECISIONS.md#escalation: Zendesk has no such thing; ours are moves to a
-- higher tier, raises of priority, and labels that the operator says are
-- escalations.
with steps as (
    select
        ticket_id,
        child_event_id,
        event_id,
        via,
        field,
        value,
        previous_value,
        cast(null as varchar) as labels_added,
        kind,
        from_tier,
        to_tier,
        is_return,
        is_by_system,
        occurred_at
    from int_field_steps

    union all

    select
        ticket_id,
        child_event_id,
        event_id,
        via,
        'label' as field,
        cast(null as varchar) as value,
        cast(null as varchar) as previous_value,
        labels_added,
        kind,
        from_tier,
        to_tier,
        false as is_return,
        is_by_system,
        occurred_at
    from int_label_steps
)

select
    *,
    kind in ('tier_up', 'priority_raise', 'escalation_label') as is_escalation,
    row_number() over (
        partition by ticket_id order by occurred_at, event_id, child_event_id
    ) as step_number
from steps
