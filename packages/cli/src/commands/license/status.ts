import { ClusterCommand } from "../../cluster-command.ts";
import { fields } from "../../view/table.ts";

export default class LicenseStatus extends ClusterCommand {
  static override summary = "Show the state of the answering peer's license.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];

  async run(): Promise<void> {
    const { flags } = await this.parse(LicenseStatus);
    await this.withSession(flags, async (session) => {
      const { license, state, days_left, hash } = await session.client.getLicense();
      const value = {
        license_id: license.license_id,
        customer_id: license.customer_id,
        state,
        expires_at: license.expires_at,
        days_left,
        max_nodes: license.max_nodes,
        max_services: license.max_services,
        hash,
      };
      await this.show(flags, session, value, () =>
        fields([
          ["license", value.license_id],
          ["customer", value.customer_id],
          ["state", state],
          ["expires", `${value.expires_at} (${days_left >= 0 ? `in ${days_left} days` : `${-days_left} days ago`})`],
          ["nodes", String(value.max_nodes)],
          ["services", String(value.max_services)],
        ]),
      );
    });
  }
}
