-- The most valuable customers: revenue expected within 12 months. Visualization: table.
SELECT customer_id, stage_name, acquisition_channel, purchase_count, cltv_historic_amount, cltv_predicted, cltv_lower, cltv_upper, p_alive,
       health_score, health_band
FROM crm.customer_360
WHERE cltv_predicted > 0
ORDER BY cltv_predicted DESC
LIMIT 10;
