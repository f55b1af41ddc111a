-- Retention: of those who paid for the first time in a month, how many showed a sign of life so many
-- months later. Visualization: pivot table; rows cohort, columns age_months, values retention_rate
-- (as a percentage), with a colour range.
SELECT to_char(cohort_start, 'YYYY-MM') AS cohort, customer_count, age_months, retention_rate
FROM crm.cohort_retention
WHERE is_complete AND age_months <= 12 AND cohort_start >= date_trunc('month', current_date) - interval '18 months'
ORDER BY cohort, age_months;
