-- DECISIONS.md#escalation: labels that the operator allows, as far as they tell
-- of an escalation or of a tier; a first tier is where a ticket starts.
with changes as (
    select
        events.ticket_id,
        events.child_event_id,
        events.event_id,
        events.via,
        events.is_system or coalesce(events.via = 'rule', false)
            as is_by_system,
        events.labels_added,
        events.occurred_at,
        config_labels.is_escalation,
        config_labels.tier,
        strpos(
            concat(',', events.labels_added, ','),
            concat(',', config_labels.label, ',')
        ) > 0 as is_added
    from stg_zendesk__ticket_events as events
    inner join config_labels
        on
            strpos(
                concat(
                    ',', events.labels_added, ',', events.labels_removed, ','
                ),
                concat(',', config_labels.label, ',')
            ) > 0
    where events.field = 'label' and events.occurred_at <= $as_of
),

joined as (
    select
        ticket_id,
        child_event_id,
        event_id,
        via,
        is_by_system,
        labels_added,
        occurred_at,
        bool_or(is_added and is_escalation) as is_escalation,
        max(case when is_added then tier end) as to_tier,
        max(case when not is_added then tier end) as removed_tier
    from changes
    group by
        ticket_id, child_event_id, event_id, via, is_by_system, labels_added,
        occurred_at
),

steps as (
    select
        *,
        coalesce(
            removed_tier,
            lag(to_tier) ignore nulls over (
                partition by ticket_id
                order by occurred_at, event_id, child_event_id
            )
        ) as from_tier
    from joined
)

select
    ticket_id,
    child_event_id,
    event_id,
    via,
    labels_added,
    is_by_system,
    from_tier,
    to_tier,
    case
        when to_tier > from_tier then 'tier_up'
        when is_escalation then 'escalation_label'
        else 'tier_down'
    end as kind,
    occurred_at
from steps
where is_escalation or to_tier <> from_tier
