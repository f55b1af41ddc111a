-- Health by pillar. Visualization: horizontal bars, stacked: red, yellow, green.
SELECT pillar, red_count AS red, yellow_count AS yellow, green_count AS green, unknown_count AS unknown, mean_score
FROM crm.health_by_pillar
ORDER BY pillar_order;
