with waits as (
    select
        ticket_id,
        sum(wait_seconds_calendar) as total_reply_seconds
    from int_reply_waits
    where replied_at is not null
    group by ticket_id
)

select
    tickets.ticket_id,
    resolutions.status,
    coalesce(replies.n_replies, 0) as n_replies,
    coalesce(replies.n_comments, 0) as n_comments,
    coalesce(replies.n_comments_public, 0) as n_comments_public,
    coalesce(replies.n_comments_internal, 0) as n_comments_internal,
    coalesce(replies.n_comments_agent, 0) as n_comments_agent,
    coalesce(replies.n_comments_agent_public, 0) as n_comments_agent_public,
    coalesce(replies.n_comments_end_user, 0) as n_comments_end_user,
    coalesce(replies.n_agents_commenting, 0) as n_agents_commenting,
    resolutions.n_solves,
    resolutions.n_reopens,
    resolutions.n_deletions,
    resolutions.n_recoveries,
    coalesce(stations.n_assignee_stations, 0) as n_assignee_stations,
    coalesce(stations.n_group_stations, 0) as n_group_stations,
    coalesce(stations.n_assignees, 0) as n_assignees,
    coalesce(stations.n_groups, 0) as n_groups,
    coalesce(stations.n_reassignments, 0) as n_reassignments,
    coalesce(stations.n_group_moves, 0) as n_group_moves,
    coalesce(escalations.n_tier_moves_up, 0) as n_tier_moves_up,
    coalesce(escalations.n_priority_raises, 0) as n_priority_raises,
    coalesce(escalations.n_group_returns, 0) as n_group_returns,
    waits.total_reply_seconds,
    calendar_seconds(tickets.created_at, stations.first_assigned_at)
    + coalesce(stations.seconds_unassigned_again, 0) as unassigned_seconds,
    resolutions.status in ('solved', 'closed') as is_solved,
    coalesce(replies.is_opened_by_agent, false) as is_opened_by_agent,
    resolutions.has_history_gap,
    stations.first_assignee_key,
    stations.last_assignee_key,
    tickets.created_at,
    replies.first_replied_at,
    replies.last_commented_at,
    stations.first_assigned_at,
    stations.last_assigned_at,
    resolutions.first_solved_at,
    resolutions.last_solved_at,
    resolutions.first_resolved_at,
    resolutions.last_resolved_at,
    resolutions.closed_at,
    resolutions.status_changed_at,
    handovers.handed_over_at,
    escalations.first_escalated_at,
    escalations.last_escalated_at
from int_tickets as tickets
inner join int_ticket_resolutions as resolutions
    on tickets.ticket_id = resolutions.ticket_id
left join int_ticket_replies as replies
    on tickets.ticket_id = replies.ticket_id
left join int_ticket_stations as stations
    on tickets.ticket_id = stations.ticket_id
left join int_ticket_escalations as escalations
    on tickets.ticket_id = escalations.ticket_id
left join int_ticket_handovers as handovers
    on tickets.ticket_id = handovers.ticket_id
left join waits on tickets.ticket_id = waits.ticket_id
