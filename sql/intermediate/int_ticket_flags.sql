-- DECISIONS.md#touches, #messaging: what follows from a ticket's counts.
with conversations as (
    select
        ticket_id,
        count(*) filter (where status in ('pending', 'hold')) as n_waits
    from int_status_spans
    group by ticket_id
)

select
    counts.*,
    counts.n_replies = 0 as is_unreplied,
    counts.is_solved and counts.n_replies < 2 as is_one_touch,
    counts.is_solved and counts.n_replies = 2 as is_two_touch,
    counts.is_solved and counts.n_replies > 2 as is_multi_touch,
    case
        when tickets.is_from_messaging
            then
                counts.is_solved
                and counts.n_replies > 0
                and counts.n_reopens = 0
                and coalesce(conversations.n_waits, 0) = 0
    end as is_one_touch_messaging,
    counts.n_recoveries > 0 as is_recovered,
    counts.n_reopens > 0 as is_reopened,
    counts.n_reopens > 0 and not counts.is_solved as is_reopened_open,
    counts.n_assignee_stations > 1 as is_reassigned,
    counts.first_escalated_at is not null as is_escalated,
    calendar_seconds(tickets.created_at, counts.first_escalated_at)
        as first_escalation_seconds,
    case
        when counts.last_resolved_at >= counts.last_escalated_at
            then calendar_seconds(
                counts.last_escalated_at, counts.last_resolved_at
            )
    end as after_escalation_seconds,
    case
        when counts.last_solved_at >= counts.first_assigned_at
            then calendar_seconds(
                counts.first_assigned_at, counts.last_solved_at
            )
    end as first_assignment_to_solve_seconds,
    case
        when counts.last_solved_at >= counts.last_assigned_at
            then calendar_seconds(
                counts.last_assigned_at, counts.last_solved_at
            )
    end as last_assignment_to_solve_seconds,
    case
        when not counts.is_solved and not tickets.is_deleted
            then calendar_seconds(tickets.created_at, $as_of)
    end as unsolved_age_seconds,
    case
        when not counts.is_solved and not tickets.is_deleted
            then calendar_seconds(tickets.updated_at, $as_of)
    end as idle_seconds,
    case
        when counts.first_replied_at is null then 'no_reply'
        when calendar_seconds(tickets.created_at, counts.first_replied_at)
            <= 3600 then 'up_to_1_hour'
        when calendar_seconds(tickets.created_at, counts.first_replied_at)
            <= 28800 then '1_to_8_hours'
        when calendar_seconds(tickets.created_at, counts.first_replied_at)
            <= 86400 then '8_to_24_hours'
        else 'over_24_hours'
    end as first_reply_bracket
from int_ticket_counts as counts
inner join int_tickets as tickets on counts.ticket_id = tickets.ticket_id
left join conversations on counts.ticket_id = conversations.ticket_id
