-- DECISIONS.md#known: the time in a status is known once a span of it has
-- ended, a sum over statuses once the ticket was resolved; time on hold starts
-- at 0. Without a schedule, business time is unknown, never 0.
with known as (
    select
        resolutions.ticket_id,
        states.schedule,
        case when resolutions.first_resolved_at is not null then 0 end
            as resolved_calendar,
        case
            when
                resolutions.first_resolved_at is not null
                and states.schedule is not null
                then 0
        end as resolved_business,
        case when resolutions.last_turn_at is not null then 0 end
            as turn_calendar,
        case
            when
                resolutions.last_turn_at is not null
                and states.schedule is not null
                then 0
        end as turn_business,
        case when states.schedule is not null then 0 end as zero_business
    from int_ticket_resolutions as resolutions
    inner join int_ticket_states as states
        on resolutions.ticket_id = states.ticket_id and states.valid_to is null
)

select
    known.ticket_id,
    known.schedule,
    first_reply_calendar,
    first_reply_business,
    handover_reply_calendar,
    handover_reply_business,
    first_resolution_calendar,
    first_resolution_business,
    full_resolution_calendar,
    full_resolution_business,
    coalesce(requester_wait_calendar, turn_calendar) as requester_wait_calendar,
    coalesce(requester_wait_business, turn_business) as requester_wait_business,
    coalesce(pending_calendar, resolved_calendar) as agent_wait_calendar,
    coalesce(pending_business, resolved_business) as agent_wait_business,
    coalesce(hold_calendar, 0) as on_hold_calendar,
    coalesce(hold_business, zero_business) as on_hold_business,
    resolved_calendar + coalesce(new_calendar, 0) + coalesce(open_calendar, 0)
        as agent_work_calendar,
    resolved_business + coalesce(new_business, 0) + coalesce(open_business, 0)
        as agent_work_business,
    resolved_calendar + coalesce(new_calendar, 0) + coalesce(open_calendar, 0)
    + coalesce(pending_calendar, 0) + coalesce(hold_calendar, 0)
        as solve_time_calendar,
    resolved_business + coalesce(new_business, 0) + coalesce(open_business, 0)
    + coalesce(pending_business, 0) + coalesce(hold_business, 0)
        as solve_time_business,
    new_calendar,
    new_business,
    open_calendar,
    open_business,
    pending_calendar,
    pending_business,
    hold_calendar,
    hold_business
from known
left join int_ticket_durations
    on known.ticket_id = int_ticket_durations.ticket_id
