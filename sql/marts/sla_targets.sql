-- DECISIONS.md#sla-states: by_event follows Zendesk's breach event, by_elapsed
-- compares the time that ran with the target.
with measured as (
    select
        holders.*,
        elapsed.seconds_calendar,
        elapsed.seconds_business,
        elapsed.started_at,
        elapsed.due_at,
        case
            when holders.is_business_hours
                then coalesce(
                    elapsed.seconds_business,
                    breaches.zendesk_minutes_business * 60
                )
            else elapsed.seconds_calendar
        end as elapsed_seconds,
        breaches.zendesk_minutes_calendar,
        breaches.zendesk_minutes_business,
        case
            when
                holders.fulfilled_at is null
                or breaches.breached_at <= holders.fulfilled_at
                then breaches.breached_at
        end as breached_at
    from int_sla_holders as holders
    left join int_sla_elapsed as elapsed
        on
            holders.ticket_id = elapsed.ticket_id
            and holders.metric = elapsed.metric
            and holders.instance_id = elapsed.instance_id
    left join int_sla_breaches as breaches
        on
            holders.ticket_id = breaches.ticket_id
            and holders.metric = breaches.metric
            and holders.instance_id = breaches.instance_id
)

select
    measured.ticket_id, measured.metric, measured.instance_id,
    tickets.created_month, measured.sla_policy_id,
    measured.group_sla_policy_key, measured.group_id, measured.assignee_key,
    case
        when measured.metric = 'reply_time' and measured.instance_id = 1
            then 'first_reply_time'
        when measured.metric = 'reply_time' then 'next_reply_time'
        when measured.metric = 'resolution_time' then 'total_resolution_time'
        else measured.metric
    end as policy_metric,
    measured.priority, measured.schedule,
    case
        when breached_at is null and clock = 'fulfill' then 'achieved'
        when clock = 'fulfill' then 'breached'
        when breached_at is null and clock = 'pause' then 'paused'
        when breached_at is null then 'active'
        when clock = 'pause' then 'breached_paused'
        else 'breached_active'
    end as state,
    case
        when breached_at is not null then 'breached'
        when clock = 'fulfill' then 'achieved'
        else 'open'
    end as outcome_by_event,
    case
        when elapsed_seconds > target_seconds then 'breached'
        when elapsed_seconds is not null and clock = 'fulfill' then 'achieved'
        when elapsed_seconds is not null then 'open'
    end as outcome_by_elapsed,
    target_seconds, elapsed_seconds, seconds_calendar, seconds_business,
    zendesk_minutes_calendar, zendesk_minutes_business, n_targets,
    is_business_hours, tickets.is_deleted, tickets.is_merged, started_at,
    applied_at, due_at, breached_at, fulfilled_at,
    coalesce(breached_at, fulfilled_at, $as_of) as decided_at
from measured
inner join int_tickets as tickets on measured.ticket_id = tickets.ticket_id
