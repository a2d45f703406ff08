-- DECISIONS.md#known: a status duration is known once a span of it has ended or
-- the ticket was resolved, a wait once the ticket was resolved; time on hold
-- starts at 0. Without a schedule, business time is unknown, never 0.
with known as (
    select
        int_ticket_resolutions.ticket_id,
        int_ticket_states.schedule,
        case
            when int_ticket_resolutions.first_resolved_at is not null then 0
        end as nothing,
        case
            when
                int_ticket_resolutions.first_resolved_at is not null
                and int_ticket_states.schedule is not null
                then 0
        end as nothing_business
    from int_ticket_resolutions
    inner join int_ticket_states
        on int_ticket_resolutions.ticket_id = int_ticket_states.ticket_id
    where int_ticket_states.valid_to is null
),

filled as (
    select
        known.ticket_id,
        known.schedule,
        known.nothing,
        known.nothing_business,
        first_reply_calendar,
        first_reply_business,
        first_resolution_calendar,
        first_resolution_business,
        full_resolution_calendar,
        full_resolution_business,
        coalesce(new_calendar, nothing) as new_calendar,
        coalesce(new_business, nothing_business) as new_business,
        coalesce(open_calendar, nothing) as open_calendar,
        coalesce(open_business, nothing_business) as open_business,
        coalesce(pending_calendar, nothing) as pending_calendar,
        coalesce(pending_business, nothing_business) as pending_business,
        coalesce(hold_calendar, nothing) as hold_calendar,
        coalesce(hold_business, nothing_business) as hold_business
    from known
    left join int_ticket_durations
        on known.ticket_id = int_ticket_durations.ticket_id
)

select
    *,
    nothing + new_calendar + open_calendar + hold_calendar
        as requester_wait_calendar,
    nothing_business + new_business + open_business + hold_business
        as requester_wait_business,
    nothing + new_calendar + open_calendar as agent_work_calendar,
    nothing_business + new_business + open_business as agent_work_business,
    nothing + new_calendar + open_calendar + pending_calendar + hold_calendar
        as solve_time_calendar,
    nothing_business
    + new_business
    + open_business
    + pending_business
    + hold_business as solve_time_business,
    coalesce(hold_calendar, 0) as on_hold_calendar,
    coalesce(hold_business, case when schedule is not null then 0 end)
        as on_hold_business
from filled
