-- DECISIONS.md has an entry for each column that may differ from Zendesk's.
select
    tickets.ticket_id, tickets.created_month, states.assignee_key,
    tickets.organization_key, states.group_id, tickets.brand_id,
    tickets.ticket_form_id, seconds.schedule, counts.status,
    tickets.custom_status_id, states.priority, tickets.ticket_type,
    tickets.channel, tickets.labels, counts.first_assignee_key,
    counts.last_assignee_key,
    to_minutes(seconds.first_reply_calendar) as first_reply_minutes_calendar,
    to_minutes(seconds.first_reply_business) as first_reply_minutes_business,
    to_minutes(seconds.handover_reply_calendar)
        as handover_reply_minutes_calendar,
    to_minutes(seconds.handover_reply_business)
        as handover_reply_minutes_business,
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
    to_minutes(counts.first_assignment_to_solve_seconds)
        as first_assignment_to_solve_minutes_calendar,
    to_minutes(counts.last_assignment_to_solve_seconds)
        as last_assignment_to_solve_minutes_calendar,
    to_minutes(counts.first_escalation_seconds)
        as first_escalation_minutes_calendar,
    to_minutes(counts.after_escalation_seconds)
        as after_escalation_minutes_calendar,
    to_minutes(counts.unsolved_age_seconds) as unsolved_age_minutes_calendar,
    to_minutes(counts.idle_seconds) as idle_minutes_calendar,
    counts.first_reply_bracket,
    counts.n_replies, counts.n_comments, counts.n_comments_public,
    counts.n_comments_internal, counts.n_comments_agent,
    counts.n_comments_agent_public, counts.n_comments_end_user,
    counts.n_agents_commenting, counts.n_solves, counts.n_reopens,
    counts.n_deletions, counts.n_recoveries, counts.n_assignee_stations,
    counts.n_group_stations, counts.n_assignees, counts.n_groups,
    counts.n_reassignments, counts.n_group_moves, counts.n_tier_moves_up,
    counts.n_priority_raises, counts.n_group_returns, counts.is_solved,
    tickets.is_deleted, tickets.is_merged, counts.is_recovered,
    counts.is_unreplied, counts.is_one_touch, counts.is_two_touch,
    counts.is_multi_touch, counts.is_one_touch_messaging, counts.is_reopened,
    counts.is_reopened_open, counts.is_reassigned, counts.is_escalated,
    counts.is_opened_by_agent, tickets.is_from_messaging, tickets.is_ai_agent,
    counts.has_history_gap, tickets.created_at, counts.first_replied_at,
    counts.handed_over_at, counts.last_commented_at, counts.first_assigned_at,
    counts.last_assigned_at, counts.first_solved_at, counts.last_solved_at,
    counts.first_resolved_at, counts.last_resolved_at, counts.closed_at,
    counts.last_escalated_at, counts.status_changed_at, tickets.updated_at,
    $as_of as as_of
from int_tickets as tickets
inner join int_ticket_flags as counts on tickets.ticket_id = counts.ticket_id
inner join int_ticket_seconds as seconds
    on tickets.ticket_id = seconds.ticket_id
inner join int_ticket_states as states
    on tickets.ticket_id = states.ticket_id and states.valid_to is null
