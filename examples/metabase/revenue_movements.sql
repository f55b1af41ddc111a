-- How recurring revenue moves. Visualization: bars, stacked.
SELECT period_start AS month, new_amount AS new, expansion_amount AS expansion, reactivation_amount AS reactivation,
       -contraction_amount AS contraction, -churn_amount AS churn
FROM crm.revenue_movements
WHERE period_start >= date_trunc('month', current_date) - interval '18 months'
ORDER BY period_start;
