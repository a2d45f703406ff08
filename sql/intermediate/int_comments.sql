-- DECISIONS.md#roles: the role that the author had when the comment was made;
-- who is not known as an agent is an end user; rules are nobody.
with comments as (
    select
        ticket_id,
        event_id,
        child_event_id,
        updater_key,
        is_system or via = 'rule' as is_by_system,
        is_comment_public as is_public,
        occurred_at,
        row_number() over (
            partition by ticket_id
            order by occurred_at, event_id, child_event_id
        ) as position
    from stg_zendesk__ticket_events
    where kind = 'comment' and occurred_at <= $as_of
)

select
    comments.ticket_id,
    comments.event_id,
    comments.child_event_id,
    int_tickets.created_month,
    comments.updater_key as author_key,
    case
        when comments.is_by_system then 'system'
        when int_agent_role_spans.is_agent then 'agent'
        else 'end_user'
    end as author_role,
    comments.is_public,
    comments.position = 1
    and calendar_seconds(int_tickets.created_at, comments.occurred_at) <= 1
        as is_opening,
    comments.occurred_at
from comments
inner join int_tickets on comments.ticket_id = int_tickets.ticket_id
left join int_agent_role_spans
    on
        comments.updater_key = int_agent_role_spans.agent_key
        and comments.occurred_at
        >= coalesce(int_agent_role_spans.valid_from, comments.occurred_at)
        and (
            int_agent_role_spans.valid_to is null
            or comments.occurred_at < int_agent_role_spans.valid_to
        )
