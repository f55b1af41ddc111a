-- The figures of the last months that are over. Visualization: four trends, or a table.
SELECT period_start AS month, customers, mrr, nps, churn_rate
FROM crm.kpi_monthly
WHERE is_complete AND period_start >= date_trunc('month', current_date) - interval '13 months'
ORDER BY period_start;
