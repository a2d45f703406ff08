-- DECISIONS.md#escalation: moves between groups, told apart by tier, and raises
-- of priority. No priority ranks lowest.
with changes as (
    select
        ticket_id,
        child_event_id,
        event_id,
        via,
        field,
        value,
        previous_value,
        is_system or coalesce(via = 'rule', false) as is_by_system,
        occurred_at,
        field = 'group'
        and (
            row_number() over (
                partition by ticket_id, field, value
                order by occurred_at, event_id, child_event_id
            ) > 1
            or value is not distinct from first_value(previous_value) over (
                partition by ticket_id, field
                order by occurred_at, event_id, child_event_id
            )
        ) as is_return,
        case value
            when 'urgent' then 4 when 'high' then 3 when 'normal' then 2
            when 'low' then 1 else 0
        end
        > case previous_value
            when 'urgent' then 4 when 'high' then 3 when 'normal' then 2
            when 'low' then 1 else 0
        end as is_raise
    from int_field_changes
    where
        field = 'group' or (field = 'priority' and kind = 'change')
)

select
    changes.ticket_id,
    changes.child_event_id,
    changes.event_id,
    changes.via,
    changes.field,
    changes.value,
    changes.previous_value,
    changes.is_by_system,
    changes.is_return,
    changes.occurred_at,
    former.tier as from_tier,
    latter.tier as to_tier,
    case
        when changes.field = 'priority' then 'priority_raise'
        when latter.tier > former.tier then 'tier_up'
        when latter.tier < former.tier then 'tier_down'
        when latter.tier = former.tier then 'lateral_move'
        else 'group_move'
    end as kind
from changes
left join config_tiers as former
    on
        changes.field = 'group'
        and changes.previous_value = cast(former.group_id as varchar)
left join config_tiers as latter
    on
        changes.field = 'group'
        and changes.value = cast(latter.group_id as varchar)
where
    (changes.field = 'priority' and changes.is_raise)
    or (changes.field = 'group' and changes.value <> changes.previous_value)
