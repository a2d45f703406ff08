-- Deleted tickets are counted apart and nowhere else, as in Explore.
select
    $as_of as as_of,
    count(*) filter (where not is_deleted) as n_tickets,
    count(*) filter (where is_deleted) as n_deleted,
    count(*) filter (where is_solved and not is_deleted) as n_solved,
    count(*) filter (where not is_solved and not is_deleted) as n_unsolved,
    count(*) filter (where status = 'new') as n_new,
    count(*) filter (where status = 'open') as n_open,
    count(*) filter (where status = 'pending') as n_pending,
    count(*) filter (where status = 'hold') as n_hold,
    count(*) filter (where status = 'closed' and not is_deleted) as n_closed,
    count(*) filter (where ticket_type = 'problem' and not is_deleted)
        as n_problems,
    count(*) filter (where ticket_type = 'incident' and not is_deleted)
        as n_incidents,
    count(*) filter (
        where not is_solved and not is_deleted and assignee_key is not null
    ) as n_unsolved_assigned,
    count(*) filter (
        where not is_solved and not is_deleted and assignee_key is null
    ) as n_unsolved_unassigned,
    count(*) filter (where not is_solved and not is_deleted and is_unreplied)
        as n_unsolved_unreplied,
    count(*) filter (where is_opened_by_agent and not is_deleted)
        as n_opened_by_agents,
    count(*) filter (where not is_opened_by_agent and not is_deleted)
        as n_opened_by_end_users,
    count(*) filter (where is_merged and not is_deleted) as n_merged,
    count(*) filter (where is_recovered) as n_recovered,
    count(*) filter (where is_from_messaging and not is_deleted) as n_messaging,
    count(*) filter (where is_ai_agent and not is_deleted) as n_ai_agent,
    count(*) filter (where is_reopened and not is_deleted) as n_reopened,
    count(*) filter (where is_escalated and not is_deleted) as n_escalated,
    count(*) filter (where is_reassigned and not is_deleted) as n_reassigned
from ticket_metrics
