select
    ticket_id,
    count(*) filter (where kind = 'tier_up') as n_tier_moves_up,
    count(*) filter (where kind = 'priority_raise') as n_priority_raises,
    count(*) filter (where is_return) as n_group_returns,
    min(occurred_at) filter (where is_escalation) as first_escalated_at,
    max(occurred_at) filter (where is_escalation) as last_escalated_at
from int_escalation_steps
group by ticket_id
