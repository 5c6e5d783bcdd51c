using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Fairlead.Server.Storage;

/// <summary>
/// The administrative side of the store. Only admin writes and pages of the REST API come here; the data plane reads
/// <see cref="StoreSnapshot"/>. The schema itself is in the numbered scripts.
/// </summary>
internal sealed class FairleadDb(DbContextOptions<FairleadDb> options) : DbContext(options)
{
    public DbSet<FirstStartRow> FirstStart => Set<FirstStartRow>();
    public DbSet<UserRow> Users => Set<UserRow>();
    public DbSet<RevokedTokenRow> RevokedTokens => Set<RevokedTokenRow>();
    public DbSet<TokenFloorRow> TokenFloors => Set<TokenFloorRow>();
    public DbSet<ServiceRow> Services => Set<ServiceRow>();
    public DbSet<SecretRow> Secrets => Set<SecretRow>();
    public DbSet<GroupRow> Groups => Set<GroupRow>();
    public DbSet<GroupServiceRow> GroupServices => Set<GroupServiceRow>();
    public DbSet<ToolRow> Tools => Set<ToolRow>();
    public DbSet<ToolNameRow> ToolNames => Set<ToolNameRow>();
    public DbSet<PublicationRow> Publications => Set<PublicationRow>();
    public DbSet<CatalogueRow> Catalogue => Set<CatalogueRow>();
    public DbSet<DefinitionRow> Definitions => Set<DefinitionRow>();
    public DbSet<CatalogueChangeRow> CatalogueChanges => Set<CatalogueChangeRow>();
    public DbSet<ManualRow> Manual => Set<ManualRow>();
    public DbSet<FieldKeyRow> FieldKeys => Set<FieldKeyRow>();
    public DbSet<ConversationRow> Conversations => Set<ConversationRow>();
    public DbSet<MessageRow> Messages => Set<MessageRow>();
    public DbSet<NotificationRow> Notifications => Set<NotificationRow>();
    public DbSet<PresenceRow> Presence => Set<PresenceRow>();
    public DbSet<FeedbackRow> Feedback => Set<FeedbackRow>();
    public DbSet<RunRow> Runs => Set<RunRow>();
    public DbSet<StepRow> Steps => Set<StepRow>();
    public DbSet<SettingRow> Settings => Set<SettingRow>();
    public DbSet<SampleProjectRow> SampleProjects => Set<SampleProjectRow>();
    public DbSet<SampleTreatmentRow> SampleTreatments => Set<SampleTreatmentRow>();
    public DbSet<SamplePreferenceRow> SamplePreferences => Set<SamplePreferenceRow>();
    public DbSet<SampleSensitiveRow> SampleSensitive => Set<SampleSensitiveRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<FirstStartRow>(row =>
        {
            row.ToTable("first_start");
            row.Property(static one => one.Id).ValueGeneratedNever();
        });
        modelBuilder.Entity<UserRow>(row =>
        {
            row.ToTable("users");
            JsonList(row.Property(static user => user.Roles));
        });
        modelBuilder.Entity<RevokedTokenRow>().ToTable("revoked_tokens").HasKey(static row => row.Jti);
        modelBuilder.Entity<TokenFloorRow>().ToTable("token_floors").HasKey(static row => row.UserId);
        modelBuilder.Entity<ServiceRow>().ToTable("mcp_services");
        modelBuilder.Entity<SecretRow>().ToTable("mcp_secrets");
        modelBuilder.Entity<GroupRow>(row =>
        {
            row.ToTable("mcp_tool_groups");
            JsonList(row.Property(static group => group.UserTierAccess));
            JsonList(row.Property(static group => group.AllowedRoles));
        });
        modelBuilder.Entity<GroupServiceRow>(row =>
        {
            row.ToTable("mcp_group_services");
            row.HasKey(static link => new
            {
                link.TenantId,
                link.GroupId,
                link.ServiceId,
            });
            row.HasOne<GroupRow>().WithMany().HasForeignKey(static link => link.GroupId);
            row.HasOne<ServiceRow>().WithMany().HasForeignKey(static link => link.ServiceId);
        });
        modelBuilder.Entity<ToolRow>(row =>
        {
            row.ToTable("mcp_tools").HasOne<GroupRow>().WithMany().HasForeignKey(static tool => tool.GroupId);
            Json(row.Property(static tool => tool.ConfigData));
        });
        modelBuilder.Entity<ToolNameRow>(row =>
        {
            row.ToTable("mcp_tool_names");
            row.HasKey(static one => new
            {
                one.TenantId,
                one.GroupId,
                one.NameKey,
            });
            row.HasOne<GroupRow>().WithMany().HasForeignKey(static one => one.GroupId);
            row.HasOne<ToolRow>().WithMany().HasForeignKey(static one => one.ToolId);
        });
        modelBuilder.Entity<PublicationRow>(row =>
        {
            row.ToTable("mcp_publications").HasOne<GroupRow>().WithMany().HasForeignKey(static tool => tool.GroupId);
            row.Property(static tool => tool.Kind)
                .HasConversion(static k => k.ToText(), static t => ItemKindText.Parse(t));
        });
        modelBuilder.Entity<CatalogueRow>(row =>
        {
            row.ToTable("mcp_catalogue");
            row.HasKey(static item => new
            {
                item.TenantId,
                item.ServiceId,
                item.Kind,
                item.Name,
            });
            row.HasOne<ServiceRow>().WithMany().HasForeignKey(static item => item.ServiceId);
            row.Property(static item => item.Kind)
                .HasConversion(static k => k.ToText(), static t => ItemKindText.Parse(t));
            row.Property(static item => item.State)
                .HasConversion(static s => s.ToText(), static t => ItemKindText.State(t));
        });
        modelBuilder.Entity<CatalogueChangeRow>(row =>
        {
            row.ToTable("mcp_catalogue_changes");
            row.HasOne<ServiceRow>().WithMany().HasForeignKey(static one => one.ServiceId);
        });
        modelBuilder.Entity<ManualRow>().ToTable("mcp_manual_queue");
        modelBuilder
            .Entity<FieldKeyRow>()
            .ToTable("field_keys")
            .HasKey(static key => new { key.TenantId, key.Version });
        modelBuilder.Entity<ConversationRow>(row =>
        {
            row.ToTable("conversations");
            row.HasOne<UserRow>().WithMany().HasForeignKey(static one => one.UserId);
        });
        modelBuilder.Entity<MessageRow>(row =>
        {
            row.ToTable("messages").HasOne<ConversationRow>().WithMany().HasForeignKey(static m => m.ConversationId);
            Json(row.Property(static one => one.Content));
        });
        modelBuilder.Entity<NotificationRow>(row =>
        {
            row.ToTable("notifications").HasOne<UserRow>().WithMany().HasForeignKey(static one => one.UserId);
            Json(row.Property(static one => one.Payload));
        });
        modelBuilder.Entity<PresenceRow>().ToTable("live_presence").HasKey(static row => new { row.Node, row.UserId });
        modelBuilder
            .Entity<FeedbackRow>()
            .ToTable("message_feedback")
            .HasKey(static row => new { row.MessageId, row.UserId });
        modelBuilder.Entity<RunRow>(row =>
        {
            row.ToTable("automation_runs");
            Json(row.Property(static one => one.Input));
            Json(row.Property(static one => one.Data));
        });
        modelBuilder
            .Entity<StepRow>()
            .ToTable("automation_steps")
            .HasKey(static row => new { row.RunId, row.Position });
        modelBuilder.Entity<SettingRow>(row =>
        {
            row.ToTable("system_settings").HasKey(static one => new { one.TenantId, one.Name });
            Json(row.Property(static one => one.Value));
        });
        modelBuilder
            .Entity<SampleProjectRow>()
            .ToTable("sample_projects")
            .HasKey(static row => new { row.TenantId, row.Id });
        modelBuilder.Entity<SampleTreatmentRow>().ToTable("sample_treatments");
        modelBuilder
            .Entity<SamplePreferenceRow>()
            .ToTable("sample_preferences")
            .HasKey(static row => new
            {
                row.TenantId,
                row.UserId,
                row.Name,
            });
        modelBuilder.Entity<SampleSensitiveRow>().ToTable("sample_sensitive_data");
        modelBuilder.Entity<DefinitionRow>(row =>
        {
            row.ToTable("mcp_definitions");
            row.HasOne<ServiceRow>().WithMany().HasForeignKey(static one => one.ServiceId);
            row.Property(static one => one.State)
                .HasConversion(static s => s.ToText(), static t => ItemKindText.Pin(t));
        });
        foreach (IMutableEntityType type in modelBuilder.Model.GetEntityTypes())
        foreach (IMutableProperty property in type.GetProperties())
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        modelBuilder.Entity<ToolRow>().Property(static tool => tool.ExposedName).HasColumnName("tool_name");
    }

    private PropertyBuilder<T> Json<T>(PropertyBuilder<T> property) =>
        Database.IsNpgsql() ? property.HasColumnType("jsonb") : property;

    private void JsonList(PropertyBuilder<List<string>> property) =>
        Json(property)
            .HasConversion(
                static list => StoreJson.Write(list),
                static text => StoreJson.ReadList(text),
                new ValueComparer<List<string>>(
                    static (left, right) => left!.SequenceEqual(right!),
                    static list => list.Count,
                    static list => list.ToList()
                )
            );
}
