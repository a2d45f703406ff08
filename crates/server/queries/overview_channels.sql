-- Created tickets by channel.
with tickets as (
    select *
    from ticket_metrics
    where
        not is_merged
        and not is_deleted
        and ($group_id is null or group_id = $group_id)
        and ($priority is null or priority = $priority)
        and ($channel is null or channel = $channel)
),

counted as (
    select
        coalesce(channel, 'not told') as channel,
        count(*) as n_created
    from tickets
    where created_at >= $from and created_at < $to
    group by coalesce(channel, 'not told')
)

select
    channel,
    n_created,
    cast(n_created as double) / sum(n_created) over () as share
from counted
order by n_created desc, channel
