-- Until when the marts tell.
select max(as_of) as as_of
from ticket_metrics
