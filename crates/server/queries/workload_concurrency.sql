-- Unsolved tickets that agents hold at once, at the end of each step.
with spans as (
    select
        assignee_key,
        valid_from,
        valid_to
    from backlog
    where
        assignee_key is not null
        and (valid_to is null or valid_to >= $from)
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

moves as (
    select
        assignee_key,
        cast(date_trunc($bucket, cast(greatest(valid_from, $from) as timestamp)) as date) as step,
        1 as change
    from spans
    where valid_from < $to

    union all

    select
        assignee_key,
        cast(date_trunc($bucket, cast(greatest(valid_to, $from) as timestamp)) as date) as step,
        -1 as change
    from spans
    where valid_to < $to
),

changes as (
    select
        assignee_key,
        step,
        sum(change) as change
    from moves
    group by assignee_key, step
),

grid as (
    select
        agents.assignee_key,
        steps.step
    from (select distinct assignee_key from moves) as agents
    cross join (select distinct step from moves) as steps
),

held as (
    select
        grid.step,
        sum(coalesce(changes.change, 0)) over (
            partition by grid.assignee_key
            order by grid.step
        ) as n_held
    from grid
    left join changes
        on grid.assignee_key = changes.assignee_key and grid.step = changes.step
)

select
    step,
    median(cast(n_held as double)) as held_median,
    max(n_held) as held_max,
    count(*) as n_agents
from held
where n_held > 0
group by step
order by step
