-- DECISIONS.md has an entry for each column that may differ from Zendesk's.
select
    tickets.ticket_id, tickets.created_month, states.assignee_key,
    tickets.organization_key, states.group_id, tickets.brand_id,
    tickets.ticket_form_id, seconds.schedule, counts.status, states.priority,
    tickets.ticket_type, tickets.channel, tickets.labels,
    to_minutes(seconds.first_reply_calendar) as first_reply_minutes_calendar,
    to_minutes(seconds.first_reply_business) as first_reply_minutes_business,
    to_minutes(seconds.first_resolution_calendar)
        as first_resolution_minutes_calendar,
    to_minutes(seconds.first_resolution_business)
        as first_resolution_minutes_business,
    to_minutes(seconds.full_resolution_calendar)
        as full_resolution_minutes_calendar,
    to_minutes(seconds.full_resolution_business)
        as full_resolution_minutes_business,
    to_minutes(seconds.requester_wait_calendar)
        as requester_wait_minutes_calendar,
    to_minutes(seconds.requester_wait_business)
        as requester_wait_minutes_business,
    to_minutes(seconds.agent_wait_calendar) as agent_wait_minutes_calendar,
    to_minutes(seconds.agent_wait_business) as agent_wait_minutes_business,
    to_minutes(seconds.on_hold_calendar) as on_hold_minutes_calendar,
    to_minutes(seconds.on_hold_business) as on_hold_minutes_business,
    to_minutes(seconds.agent_work_calendar) as agent_work_minutes_calendar,
    to_minutes(seconds.agent_work_business) as agent_work_minutes_business,
    to_minutes(seconds.solve_time_calendar) as solve_time_minutes_calendar,
    to_minutes(seconds.solve_time_business) as solve_time_minutes_business,
    to_minutes(seconds.new_calendar) as new_minutes_calendar,
    to_minutes(seconds.new_business) as new_minutes_business,
    to_minutes(seconds.open_calendar) as open_minutes_calendar,
    to_minutes(seconds.open_business) as open_minutes_business,
    to_minutes(seconds.pending_calendar) as pending_minutes_calendar,
    to_minutes(seconds.pending_business) as pending_minutes_business,
    to_minutes(seconds.hold_calendar) as hold_minutes_calendar,
    to_minutes(seconds.hold_business) as hold_minutes_business,
    to_minutes(counts.total_reply_seconds) as total_reply_minutes_calendar,
    to_minutes(counts.unassigned_seconds) as unassigned_minutes_calendar,
    case
        when not counts.is_solved and not tickets.is_deleted
            then to_minutes(calendar_seconds(tickets.created_at, $as_of))
    end as unsolved_age_minutes_calendar,
    case
        when not counts.is_solved and not tickets.is_deleted
            then to_minutes(calendar_seconds(tickets.updated_at, $as_of))
    end as idle_minutes_calendar,
    counts.n_replies, counts.n_comments, counts.n_comments_public,
    counts.n_comments_internal, counts.n_comments_agent,
    counts.n_comments_end_user, counts.n_agents_commenting, counts.n_solves,
    counts.n_reopens, counts.n_deletions, counts.n_recoveries,
    counts.n_assignee_stations, counts.n_group_stations, counts.n_assignees,
    counts.n_groups, counts.n_reassignments, counts.n_group_moves,
    counts.n_tier_moves_up, counts.n_priority_raises, counts.n_group_returns,
    to_minutes(calendar_seconds(tickets.created_at, counts.first_escalated_at))
        as first_escalation_minutes_calendar,
    counts.is_solved, tickets.is_deleted, tickets.is_merged,
    counts.n_recoveries > 0 as is_recovered,
    counts.n_replies = 0 as is_unreplied,
    counts.is_solved and counts.n_replies < 2 as is_one_touch,
    counts.is_solved and counts.n_replies = 2 as is_two_touch,
    counts.is_solved and counts.n_replies > 2 as is_multi_touch,
    counts.n_reopens > 0 as is_reopened,
    counts.n_reopens > 0 and not counts.is_solved as is_reopened_open,
    counts.n_assignee_stations > 1 as is_reassigned,
    counts.first_escalated_at is not null as is_escalated,
    counts.is_opened_by_agent, counts.has_history_gap, tickets.created_at,
    counts.first_replied_at, counts.last_commented_at, counts.first_assigned_at,
    counts.last_assigned_at, counts.first_solved_at, counts.last_solved_at,
    counts.first_resolved_at, counts.last_resolved_at, counts.closed_at,
    tickets.updated_at, $as_of as as_of
from int_tickets as tickets
inner join int_ticket_counts as counts on tickets.ticket_id = counts.ticket_id
inner join int_ticket_seconds as seconds
    on tickets.ticket_id = seconds.ticket_id
inner join int_ticket_states as states
    on tickets.ticket_id = states.ticket_id and states.valid_to is null
