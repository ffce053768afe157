"""Files in: CSV, Excel, Parquet, warehouse tables, Salesforce, HubSpot, customer lists, as events.

cells.py          The cells of a file: which column is which trait, and each cell as a moment or as a value of the
                  trait's kind.
columns.py        Columns of a file: which one a name means, what a cell writes for missing, and its text, number or
                  truth.
crm.py            What is known of a CRM before its files come: the titles of its columns, and the events that its
                  records become.
customers.py      A list of customers as events: for each account and each known lead in it, that it is a customer.
delimited.py      CSV as spreadsheets and CRMs write it, in any common separator and encoding, read some rows at a
                  time.
event_numbers.py  Numbers in text files of events: trait columns that hold numbers, each read by the one sign that its
                  rows show.
field_history.py  A CRM's field history as events: each value of a field from when it was set, and when a lead
                  converted.
files.py          What a file is (events, leads, a field history, a warehouse's table), and its rows or events, some
                  at a time.
hubspot.py        HubSpot's exports of contacts and of property history: titles by its pages and by its API.
json_lines.py     JSON Lines: events, or a CRM's records, one object a line, with the line named where it is no
                  object.
lead_export.py    A CRM's export of leads as events: who each lead is, its traits and since when, and whether it
                  converted.
lead_rows.py      Rows of an export as leads: several rows of one lead are one, of which the last row counts.
read_rows.py      Rows of leads that are only to be scored: what an import of them would say of each, and what could
                  not be read.
report_lines.py   Lines of a report around its table: titles above the header, and totals, authors and rights below
                  the last row.
salesforce.py     Salesforce's exports of Lead and LeadHistory: titles by its API, its data loader and its reports,
                  and its ids.
warehouse.py      Segment's and RudderStack's warehouse tables, one per kind of call, read as the events that they
                  were made of.
workbooks.py      Parquet files and Excel workbooks, whose cells have types, read some rows at a time.

Other rooms use:

cells             CellReader, NEVER_IMPORTED
columns           MISSING_MARKERS, boolean, cell_text, cell_texts, column_named, map_distinct, number_cells,
                  says_value, spelling
crm               ANY_VALUE, Crm, normal_title
customers         Customers
delimited         FileError
field_history     FieldChange, FieldHistory
files             CRMS, EventFile, HistoryFile, LeadFile, crm_of, events_in, is_event_file, sample_in, source_kinds,
                  table_in, titles_in
lead_export       CrmExport, ExportError, ROW_NUMBER, WHICH_ROW_COUNTS
read_rows         leads_in
salesforce        full_id
"""
