-- DECISIONS.md#sla-states: by_event follows Zendesk's breach event, by_elapsed
-- compares the time that ran with the target. Zendesk's measure stands in where
-- there is no schedule: of an ended clock, with up to 59 seconds cut off.
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
                    case
                        when holders.fulfilled_at is not null
                            then breaches.zendesk_minutes_business * 60
                    end
                )
            else elapsed.seconds_calendar
        end as elapsed_seconds,
        case
            when
                holders.is_business_hours and elapsed.seconds_business is null
                then 59
            else 0
        end as cut_off_seconds,
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
    *,
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
        when elapsed_seconds + cut_off_seconds > target_seconds then null
        when elapsed_seconds is not null and clock = 'fulfill' then 'achieved'
        when elapsed_seconds is not null then 'open'
    end as outcome_by_elapsed
from measured
