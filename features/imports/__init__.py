"""Files in: CSV, Excel, Parquet, warehouse tables, Salesforce, HubSpot, customer lists, as events."""
