-- NPS by month, with its 95 % interval. Visualization: line; nps in front, the bounds dashed.
SELECT period_start AS month, nps, nps_lower, nps_upper, response_count
FROM crm.nps_by_month
WHERE period_start >= date_trunc('month', current_date) - interval '18 months'
ORDER BY period_start;
