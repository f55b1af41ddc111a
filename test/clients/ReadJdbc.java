import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;

/** The PostgreSQL JDBC driver, as Metabase and Tableau read a database: see Clients.pm for what is printed. */
public class ReadJdbc {
    static MessageDigest md5;

    public static void main(String[] args) throws Exception {
        md5 = MessageDigest.getInstance("MD5");
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        System.setOut(new java.io.PrintStream(System.out, true, "UTF-8"));
        String url = "jdbc:postgresql://127.0.0.1:" + args[0] + "/" + args[1] + "?user=analyst&readOnly=true";
        try (Connection connection = DriverManager.getConnection(url)) {
            DatabaseMetaData meta = connection.getMetaData();
            Map<String, String> views = new LinkedHashMap<>();
            List<String> tables = new ArrayList<>();
            try (ResultSet found = meta.getTables(null, "crm", "%", new String[] {"VIEW", "TABLE", "PARTITIONED TABLE"})) {
                while (found.next()) {
                    if (found.getString("TABLE_TYPE").equals("VIEW"))
                        views.put(found.getString("TABLE_NAME"), found.getString("REMARKS"));
                    else
                        tables.add(found.getString("TABLE_NAME"));
                }
            }
            for (Map.Entry<String, String> view : views.entrySet()) {
                tell("V", view.getKey(), view.getValue());
                readColumns(meta, view.getKey());
                readValues(connection, view.getKey());
            }
            for (String table : tables)
                readKey(meta, table);
        }
    }

    static void tell(Object... fields) {
        StringJoiner line = new StringJoiner("\t");
        for (Object field : fields)
            line.add(String.valueOf(field));
        System.out.println(line);
    }

    static void readColumns(DatabaseMetaData meta, String view) throws SQLException {
        try (ResultSet column = meta.getColumns(null, "crm", view, "%")) {
            while (column.next()) {
                boolean numeric = column.getInt("DATA_TYPE") == Types.NUMERIC;
                tell("C", view, column.getString("COLUMN_NAME"),
                    JDBCType.valueOf(column.getInt("DATA_TYPE")) + " " + column.getString("TYPE_NAME").replaceAll(".*\"([^\"]*)\"$", "$1"),
                    numeric ? column.getInt("COLUMN_SIZE") : "-", numeric ? column.getInt("DECIMAL_DIGITS") : "-",
                    column.getInt("NULLABLE") == DatabaseMetaData.columnNullable ? "nullable" : "not null", column.getString("REMARKS"));
            }
        }
    }

    static void readKey(DatabaseMetaData meta, String table) throws SQLException {
        SortedMap<Integer, String> columns = new TreeMap<>();
        try (ResultSet key = meta.getPrimaryKeys(null, "crm", table)) {
            while (key.next())
                columns.put(key.getInt("KEY_SEQ"), key.getString("COLUMN_NAME"));
        }
        if (!columns.isEmpty())
            tell("K", table, String.join(",", columns.values()));
    }

    static void readValues(Connection connection, String view) throws SQLException {
        try (Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("SELECT * FROM crm.\"" + view + "\"")) {
            int width = row.getMetaData().getColumnCount();
            long rows = 0;
            long[] counts = new long[width], sums = new long[width];
            while (row.next()) {
                rows++;
                for (int i = 0; i < width; i++) {
                    Object value = row.getObject(i + 1);
                    if (value != null) {
                        counts[i]++;
                        sums[i] += checksum(asText(value));
                    }
                }
            }
            for (int i = 0; i < width; i++)
                tell("S", view, rows, row.getMetaData().getColumnName(i + 1), counts[i], sums[i]);
        }
    }

    static String asText(Object value) {
        if (value instanceof Boolean)
            return (Boolean) value ? "t" : "f";
        if (value instanceof Double)
            return String.format("%016x", Double.doubleToRawLongBits((Double) value));
        if (value instanceof Timestamp)
            return String.valueOf(((Timestamp) value).getTime());
        if (value instanceof BigDecimal && ((BigDecimal) value).scale() == 4)
            return ((BigDecimal) value).toPlainString();
        if (value instanceof Long || value instanceof Integer || value instanceof String || value instanceof java.sql.Date)
            return value.toString();
        throw new IllegalArgumentException(value + " is of an unexpected type: " + value.getClass());
    }

    static long checksum(String text) {
        byte[] digest = md5.digest(text.getBytes(StandardCharsets.UTF_8));
        return ((digest[0] & 0xffL) << 24) | ((digest[1] & 0xffL) << 16) | ((digest[2] & 0xffL) << 8) | (digest[3] & 0xffL);
    }
}
