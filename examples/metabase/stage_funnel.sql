-- How far they get. Visualization: funnel, or horizontal bars of reached_count.
SELECT stage_name, reached_count, customer_count, reached_rate, step_rate
FROM crm.stage_funnel
WHERE stage_name <> 'churned'
ORDER BY stage_order;
