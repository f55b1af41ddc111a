#!/usr/bin/env ruby
# ActiveRecord: what a Rails application sees of a ledger's views and tables.
require 'active_record'
require 'bigdecimal'
require 'digest'

def tell(*fields)
  puts fields.join("\t")
end

$stdout.set_encoding('UTF-8')
ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'], database: ENV['PGDATABASE'],
                                        username: 'analyst', schema_search_path: 'crm, public', variables: { timezone: 'UTC' })
ActiveRecord.respond_to?(:default_timezone=) ? ActiveRecord.default_timezone = :utc : ActiveRecord::Base.default_timezone = :utc
connection = ActiveRecord::Base.connection

def as_text(value)
  case value
  when true then 't'
  when false then 'f'
  when Integer, String then value.to_s
  when Float then [value].pack('G').unpack1('H*')
  when BigDecimal
    raise TypeError, "#{value.to_s('F')} has more than four decimals" unless value == value.round(4)
    whole, decimals = value.to_s('F').split('.')
    "#{whole}.#{decimals.ljust(4, '0')}"
  when Time then (value.to_r * 1000).floor.to_s
  when Date then value.iso8601
  else raise TypeError, "#{value.inspect} is of an unexpected type: #{value.class}"
  end
end

def tell_sums(view, names, rows)
  names.each_with_index do |name, i|
    values = rows.map { |row| row[i] }.compact
    tell 'S', view, rows.size, name, values.size, values.sum { |value| Digest::MD5.hexdigest(as_text(value))[0, 8].to_i(16) }
  end
end

def column_type(column)
  "#{column.type} #{column.sql_type}"
end

connection.views.select { |view| connection.select_value("SELECT to_regclass(#{connection.quote("crm.#{view}")})") }.each do |view|
  model = Class.new(ActiveRecord::Base) { self.table_name = "crm.#{view}"; self.inheritance_column = nil }
  model.define_singleton_method(:name) { "Crm#{view.camelize}" }
  tell 'V', view, '-' # table_comment is of tables only
  model.columns.each do |column|
    tell 'C', view, column.name, column_type(column), column.type == :decimal ? column.precision : '-', column.type == :decimal ? column.scale : '-',
         column.null ? 'nullable' : 'not null', column.comment
  end
  names = model.column_names
  # a record each, as an application has them: reserved names would be refused here
  rows = model.all.map { |record| names.map { |name| record.public_send(name) } }
  tell_sums view, names, rows
end
connection.tables.select { |table| connection.select_value("SELECT relispartition OR relnamespace <> 'crm'::regnamespace FROM pg_class WHERE oid = #{connection.quote(table)}::regclass") == false }.each do |table|
  key = connection.primary_keys("crm.#{table}")
  tell 'K', table, key.join(',') unless key.empty?
end
