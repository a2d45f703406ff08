-- DECISIONS.md#first-reply: the comment that opens a ticket is no reply to it.
with comments as (
    select
        ticket_id,
        author_role = 'agent' as is_agent,
        author_role = 'end_user' as is_end_user,
        row_number() over (
            partition by ticket_id, author_key, author_role = 'agent'
            order by occurred_at, child_event_id
        ) = 1 as is_first_of_author,
        is_public,
        is_opening,
        is_public and author_role = 'agent' and not is_opening as is_reply,
        occurred_at
    from int_comments
)

select
    ticket_id,
    min(occurred_at) filter (where is_reply) as first_replied_at,
    max(occurred_at) filter (where is_reply) as last_replied_at,
    count(*) filter (where is_reply) as n_replies,
    count(*) as n_comments,
    count(*) filter (where is_public) as n_comments_public,
    count(*) filter (where not is_public) as n_comments_internal,
    count(*) filter (where is_agent) as n_comments_agent,
    count(*) filter (where is_agent and is_public) as n_comments_agent_public,
    count(*) filter (where is_end_user) as n_comments_end_user,
    count(*) filter (where is_agent and is_first_of_author)
        as n_agents_commenting,
    bool_or(is_opening and is_agent) as is_opened_by_agent,
    max(occurred_at) as last_commented_at
from comments
group by ticket_id
