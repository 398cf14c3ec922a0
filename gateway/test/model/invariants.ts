/** Invariants of docs/spec/request-life.md as statements that find what breaks them, among the requests of `$1`. */
export const INVARIANTS: Readonly<Record<string, string>> = {
  'INV-1: nothing is told of a request after its end': `
    select e.request, e.type from request_events e join request_events f on f.request = e.request and f.number < e.number
    where e.request = any ($1) and e.type not like 'request.undo%' and f.type in ('request.succeeded', 'request.failed', 'request.cancelled', 'request.rejected',
      'request.withdrawn', 'request.expired', 'request.voided')`,
  'INV-3: the events are numbered without a gap': `
    select r.number, r.event_count, count(e.number), max(e.number) from requests r left join request_events e on e.request = r.number
    where r.number = any ($1) group by r.number having count(e.number) <> r.event_count or max(e.number) <> r.event_count`,
  'INV-4, INV-5: what has passed its gates was approved by as many people as they ask for, none of them the requester': `
    select r.number, r.state from requests r where r.number = any ($1) and r.gates <> '[]'
      and r.state in ('queued', 'running', 'unknown', 'succeeded', 'failed') and (
        (select count(distinct person_id) from approvals a where a.request = r.number and a.person_id <> r.requester_id)
          < (r.gates->0->>'count')::int
        or exists (select from approvals a where a.request = r.number and a.person_id = r.requester_id))`,
  'INV-23: every claim has a token of its own, and every token but those of claims ended a run': `
    select r.number, r.fencing_token from requests r where r.number = any ($1) and r.fencing_token <
      (select count(*) from request_events e where e.request = r.number and e.type = 'request.started')`,
  'INV-24: nothing ends as run that was not dispatched': `
    select e.request, e.type from request_events e where e.request = any ($1) and e.type in ('request.succeeded', 'request.lost')
      and not exists (select from request_events d where d.request = e.request and d.type = 'request.dispatched' and d.number < e.number)`,
  'INV-27: what is lost becomes nothing without being settled, by its provider or by a person': `
    select l.request, n.type from request_events l join lateral (select type from request_events n
      where n.request = l.request and n.number > l.number and n.type like 'request.%' order by n.number limit 1) n on true
    where l.request = any ($1) and l.type = 'request.lost' and n.type not in ('request.settled', 'request.resolved')`,
  'INV-42: every step is in the audit log, once': `
    with told as (select request, type, count(*) from request_events where request = any ($1) group by 1, 2),
      recorded as (select request, type, count(*) from audit_events where request = any ($1) and type in (select type from told) group by 1, 2)
    select t.* from told t left join recorded a on a.request = t.request and a.type = t.type where t.count is distinct from a.count`,
  'INV-62: no secrets, lease or window are left at an end': `
    select number from requests where number = any ($1) and state not in ('awaiting_approval', 'queued', 'running', 'unknown')
      and (sealed is not null or lease_until is not null or expires_at is not null or finished_at is null)`,
  'INV-64: nothing is sent to a resource while the outcome of another run on it is unknown': `
    select d.request, l.request as lost from request_events d join requests r on r.number = d.request
      join requests o on o.number <> r.number and o.environment = r.environment and o.resource_type = r.resource_type and o.resource_id = r.resource_id
      join request_events l on l.request = o.number and l.type = 'request.lost' and l.at < d.at
    where d.request = any ($1) and d.type = 'request.dispatched'
      and not exists (select from request_events s where s.request = o.number and s.type in ('request.settled', 'request.resolved') and s.number > l.number and s.at < d.at)`,
  'INV-67: a request is undone once at most': `
    select undo_of, count(*) from requests where undo_of = any ($1)
      and state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded') group by undo_of having count(*) > 1`,
  'INV-73: what is undone was undone by a request that has succeeded, and what has a time to be undone has succeeded': `
    select number, state, undo_state from requests r where number = any ($1) and ((undo_state is not null and state <> 'succeeded')
      or (undo_state = 'undone') <> exists (select from requests u where u.undo_of = r.number and u.state = 'succeeded'))`,
};
